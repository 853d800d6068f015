"""OpenStack services: the options of each daemon's file, the addresses in their URLs, and well-known ports.

Sources: each project's configuration reference for ports; oslo.messaging's ``TransportURL``; SQLAlchemy's
URLs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from fournines.artifacts import ini
from fournines.artifacts.ini import Dialect
from fournines.audit.cloud import Cloud, File
from fournines.audit.formats import project_of
from fournines.findings import Place

PORTS = {
    3306: "mysql", 5672: "amqp", 5671: "amqp", 11211: "memcached",
    443: "https", 5000: "keystone", 35357: "keystone admin", 9292: "glance", 9191: "glance registry",
    8773: "nova ec2", 8774: "nova", 8775: "nova metadata", 8778: "placement", 8776: "cinder", 9696: "neutron",
    8777: "ceilometer", 8042: "aodh", 8041: "gnocchi", 8004: "heat", 8000: "heat cfn", 8080: "swift",
    9311: "barbican", 9876: "octavia", 9001: "designate", 8786: "manila", 9511: "magnum", 6385: "ironic",
    6080: "novnc", 6082: "spice",
}
HTTP_APIS = frozenset(PORTS.values()) - {"mysql", "amqp", "memcached"}


def is_on(option: Option | None) -> bool:
    """Whether it is set, to a word that oslo.config takes for true."""
    return option is not None and option.value.lower() in ("true", "1", "yes", "on")


def service_on(port: int | None) -> str:
    """The service whose well-known port it is; empty for any other."""
    return PORTS.get(port or 0, "")


@dataclass(frozen=True, slots=True)
class Option:
    """``[section] name = value`` and where; ``name`` with underscores."""

    section: str
    name: str
    value: str
    at: Place


@dataclass(frozen=True, slots=True)
class Service:
    """A daemon's main file with what its NAME.conf.d adds."""

    node: str
    file: File
    options: tuple[Option, ...]

    @property
    def name(self) -> str:
        """``glance-api`` for /etc/glance/glance-api.conf."""
        return self.file.path.rpartition("/")[2].rpartition(".")[0]

    @property
    def project(self) -> str:
        """``neutron`` for /etc/neutron/plugins/ml2/ml2_conf.ini."""
        return project_of(self.file.path)

    def option(self, section: str, name: str) -> Option | None:
        """The one that holds."""
        return next((option for option in reversed(self.options)
                     if option.section == section and option.name == name), None)

    def number(self, section: str, name: str, default: float) -> float:
        """An option's number; the default where it is not set, or is none."""
        option = self.option(section, name)
        return default if option is None else _number(option.value, default)

    def named(self, *names: str) -> Iterator[Option]:
        """The options of these names in any section."""
        return (option for option in self.options if option.name in names)


def _number(text: str, default: float) -> float:
    return float(text) if re.fullmatch(r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?", text) else default


@lru_cache(maxsize=1)
def services(cloud: Cloud) -> tuple[Service, ...]:
    """Every daemon whose file is there."""
    files = [(file, document) for file, document in cloud.documents(ini.Document)
             if document.dialect is Dialect.OSLO]
    added: dict[tuple[str, str], list[Option]] = {}
    for file, document in files:
        directory = file.path.rpartition("/")[0]
        if directory.endswith(".conf.d"):
            added.setdefault((file.node, directory.removesuffix(".d")), []).extend(_options(file, document))
    return tuple(
        Service(file.node, file, (*_options(file, document), *added.get((file.node, file.path), ())))
        for file, document in files if not file.path.rpartition("/")[0].endswith(".conf.d"))


def _options(file: File, document: ini.Document) -> Iterator[Option]:
    for section in document.sections:
        for entry in section.entries:
            yield Option(section.name, entry.key.replace("-", "_"), entry.value or "", file.at(entry.line))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host and port that clients connect to; the port None where the URL leaves it out."""

    host: str
    port: int | None


_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<hosts>[^/?]*)", re.IGNORECASE)


def url_endpoints(url: str) -> tuple[Endpoint, ...]:
    """The hosts of a URL, of which oslo.messaging's may have several; none where ``url`` is no URL of
    hosts."""
    match = _URL.match(url.strip())
    if match is None or "$" in match["hosts"]:
        return ()
    return tuple(_endpoint(part.rpartition("@")[2]) for part in match["hosts"].split(",") if part.strip())


def listed_endpoints(text: str) -> tuple[Endpoint, ...]:
    """``host:port, host:port``, as in memcached_servers and rabbit_hosts."""
    return tuple(_endpoint(part.strip().removeprefix("inet6:")) for part in text.split(",")
                 if part.strip() and "$" not in part)


def _endpoint(text: str) -> Endpoint:
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::([0-9]{1,5}))?", text)
    if bracketed:
        return Endpoint(bracketed[1], int(bracketed[2]) if bracketed[2] else None)
    host, colon, port = text.rpartition(":")
    if colon and re.fullmatch(r"[0-9]{1,5}", port):
        return Endpoint(host, int(port))
    return Endpoint(text, None)


def has_password(url: str) -> str | None:
    """The password in a URL's first user:password@, if there is one."""
    match = re.match(r"[a-z][a-z0-9+.-]*://[^/@:]*:([^/@]*)@", url.strip(), re.IGNORECASE)
    return match[1] if match else None


BROKER_SECTIONS = ("DEFAULT", "oslo_messaging_rabbit", "oslo_messaging_notifications")


def brokers_of(service: Service) -> tuple[Option, tuple[Endpoint, ...]] | None:
    """The option that says where the broker is, and the brokers; None where the service names none."""
    for section, name in (("DEFAULT", "transport_url"), ("oslo_messaging_notifications", "transport_url")):
        option = service.option(section, name)
        if option is not None and (found := url_endpoints(option.value)):
            return option, found
    for option in service.named("rabbit_hosts", "rabbit_host"):
        if option.section in BROKER_SECTIONS and (found := listed_endpoints(option.value)):
            return option, found
    return None


DATABASE_OPTIONS = (("database", "connection"), ("api_database", "connection"), ("DEFAULT", "sql_connection"),
                    ("database", "sql_connection"), ("DATABASE", "sql_connection"), ("sql", "connection"))


def databases_of(service: Service) -> Iterator[tuple[Option, Endpoint]]:
    """Each option that says where a database is, with the server."""
    for section, name in DATABASE_OPTIONS:
        option = service.option(section, name)
        if option is not None and not option.value.startswith("sqlite"):
            for endpoint in url_endpoints(option.value)[:1]:
                yield option, endpoint


CACHE_OPTIONS = ("memcached_servers", "memcache_servers")


def caches_of(service: Service) -> Iterator[tuple[Option, tuple[Endpoint, ...]]]:
    """Each option that lists memcached servers, with them."""
    for option in service.named(*CACHE_OPTIONS):
        endpoints = listed_endpoints(option.value)
        if endpoints:
            yield option, endpoints


DEFAULT_PORTS = {"http": 80, "https": 443, "mysql": 3306, "rabbit": 5672, "amqp": 5672}


def asked_by(service: Service) -> Iterator[tuple[Option, Endpoint, int]]:
    """Each host and port that one of the service's options names."""
    for option in service.options:
        scheme = option.value.partition("://")[0].partition("+")[0].lower()
        for endpoint in url_endpoints(option.value) if scheme in DEFAULT_PORTS else ():
            yield option, endpoint, endpoint.port or DEFAULT_PORTS[scheme]
    for option, endpoints in caches_of(service):
        for endpoint in endpoints:
            yield option, endpoint, endpoint.port or 11211
