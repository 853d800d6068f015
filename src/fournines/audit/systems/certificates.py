"""Which server presents which certificate: where it is configured, and what lies there.

Sources: HAProxy's configuration manual, ``crt`` and ``crt-base``; rabbitmq.com/docs/ssl; the manuals of
MariaDB (``ssl_cert``) and of oslo.service (``[ssl] cert_file``).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from fournines.artifacts import certificate
from fournines.artifacts.certificate import Certificate
from fournines.audit.cloud import Cloud, File
from fournines.audit.systems import galera
from fournines.audit.systems.haproxy import Balancer, Bind, balancers
from fournines.audit.systems.rabbitmq import brokers
from fournines.audit.systems.services import services
from fournines.findings import Place


@dataclass(frozen=True, slots=True)
class Presented:
    """``server`` of ``node`` presents the certificate of ``path``, as it is told at ``at``; ``bind`` where it
    is HAProxy."""

    server: str
    node: str
    path: str
    at: Place
    leaf: Certificate
    file: File
    bind: Bind | None = None


def presented(cloud: Cloud) -> Iterator[Presented]:
    """Every certificate that is configured and was read."""
    lying: dict[tuple[str, str], list[tuple[File, Certificate]]] = {}   # by path, and by directory
    for file, document in cloud.documents(certificate.Document):
        for path in (file.path, posixpath.dirname(file.path)) if document.certificates else ():
            lying.setdefault((file.node, path), []).append((file, document.certificates[0]))
    for server, node, path, at, bind in _configured(cloud):
        for file, leaf in lying.get((node, path.rstrip("/")), ()):
            yield Presented(server, node, file.path, at, leaf, file, bind)


def _configured(cloud: Cloud) -> Iterator[tuple[str, str, str, Place, Bind | None]]:
    for balancer in balancers(cloud):
        base = _base(balancer)
        for proxy in balancer.proxies:
            for bind in proxy.binds:
                for word, value in zip(bind.options, bind.options[1:], strict=False):
                    if word == "crt":
                        yield ("HAProxy", balancer.node, posixpath.normpath(posixpath.join(base, value)),
                               bind.at, bind)
    for broker in brokers(cloud):
        for setting in broker.settings:
            if setting.name.endswith("ssl_options.certfile"):
                yield "RabbitMQ", broker.node, setting.value, setting.at, None
    for server in galera.servers(cloud):
        option = server.option("ssl_cert")
        if option is not None:
            yield "the database", server.node, option.value, option.at, None
    for service in services(cloud):
        told = service.option("ssl", "cert_file")
        if told is not None:
            yield service.name, service.node, told.value, told.at, None


def _base(balancer: Balancer) -> str:
    line = balancer.globals.last("crt-base")
    return line.words[1] if line is not None and len(line.words) > 1 else "/"
