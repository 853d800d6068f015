"""Secrets: none that everybody knows, none that everybody can read. No secret is ever repeated."""

from __future__ import annotations

from collections.abc import Iterator

from fournines.artifacts import ini
from fournines.artifacts.ini import Dialect
from fournines.audit.cloud import Cloud, File
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.haproxy import balancers
from fournines.audit.systems.keepalived import instances
from fournines.audit.systems.rabbitmq import brokers
from fournines.audit.systems.services import has_password, services
from fournines.findings import Place, Severity

KNOWN = frozenset((
    "admin", "admin_pass", "changeme", "change_me", "default", "glance_dbpass", "glance_pass", "guest",
    "keystone_dbpass", "neutron_dbpass", "neutron_pass", "nova_dbpass", "nova_pass", "openstack", "pass",
    "password",
    "rabbit_pass", "root", "secret", "secrete", "service_password", "test", "wspass", "1234", "12345",
    "123456",
    "notgood but just long enough i t", "cinder_dbpass", "cinder_pass",
))
"""Those of guides and packages, in lower case."""

_NAMED_SECRET = ("password", "passwd", "admin_token", "secret_key", "shared_secret", "auth_encryption_key")


@rule("SEC002", Severity.WARNING, Effect.SECURITY, "A password out of a guide",
      consequence="It is the first one that an attacker tries.",
      fix="make a random one: openssl rand -hex 16", source="the guides and packages that these come from",
      errata=("E093", "E110"))
def known_password(cloud: Cloud) -> Hits:
    for at, what, secret in _secrets(cloud):
        if secret.strip().lower() in KNOWN:
            yield Hit(at, f"the password in {what} is one of the examples that everybody knows")


def _secrets(cloud: Cloud) -> Iterator[tuple[Place, str, str]]:
    for service in services(cloud):
        for option in service.options:
            if "://" in option.value:
                yield option.at, option.name, has_password(option.value) or ""
            elif option.name.endswith(_NAMED_SECRET):
                yield option.at, option.name, option.value
    for file, document in cloud.documents(ini.Document):
        if document.dialect is Dialect.MY_CNF:
            yield from _of_my_cnf(file, document)
    for broker in brokers(cloud):
        for setting in broker.settings:
            if setting.name == "default_pass":
                yield setting.at, setting.name, setting.value
    for balancer in balancers(cloud):
        for proxy in balancer.proxies:
            shown = proxy.setting("stats", "auth")
            if shown is not None and len(shown.words) > 2:
                yield shown.at, "stats auth", shown.words[2].partition(":")[2]
    for instance in instances(cloud):
        authentication = instance.setting("authentication")
        for inner in authentication.inner if authentication is not None else ():
            if inner[0] == "auth_pass" and len(inner) > 1:
                yield instance.place("authentication"), "authentication", inner[1]


def _of_my_cnf(file: File, document: ini.Document) -> Iterator[tuple[Place, str, str]]:
    for section in document.sections:
        for entry in section.entries:
            if entry.key == "wsrep_sst_auth":
                yield file.at(entry.line), entry.key, (entry.value or "").partition(":")[2]
            elif entry.key == "password":
                yield file.at(entry.line), entry.key, entry.value or ""


_EVERYBODY = 0o004


@rule("SEC003", Severity.WARNING, Effect.SECURITY, "A file with secrets that everybody on the node can read",
      consequence="One account on the node, of whatever service, is enough for all databases and brokers.",
      fix="chmod o-rwx, with the service's group as the file's",
      source="OpenStack security guide, file ownership")
def readable_secrets(cloud: Cloud) -> Hits:
    secret = {place.file: what for place, what, value in _secrets(cloud) if value}
    for file in cloud.files:
        if file.mode is not None and file.mode & _EVERYBODY and file.shown in secret:
            yield Hit(file.at(), f"everybody on the node can read it (mode {file.mode:04o}), and it holds "
                                 f"{secret[file.shown]}")
