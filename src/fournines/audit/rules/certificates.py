"""Certificates: that they last, do not all end on one day, and are for the names that clients use."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from fournines.audit.cloud import Cloud
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.certificates import Presented, presented
from fournines.audit.systems.services import asked_by, services
from fournines.findings import Severity

WARNED = timedelta(days=30)
TOGETHER = timedelta(days=1)


@rule("SEC001", Severity.ERROR, Effect.OUTAGE, "A certificate that fails when it is needed",
      consequence="The node to which the VIP moves, or all nodes on one day, refuse every client that checks "
                  "certificates.",
      fix="renew it before it ends, each node's on another day, with the names that clients use as "
          "subjectAltName",
      source="RFC 5280, section 4.1.2.5; RFC 9525, section 6; rabbitmq.com/docs/ssl")
def failing_certificates(cloud: Cloud) -> Hits:
    found = tuple(presented(cloud))
    if cloud.read_at is not None:
        for each in found:
            yield from _ending(each, cloud.read_at)
    yield from _together(found)
    yield from _for_other_names(cloud, found)


def _ending(each: Presented, now: datetime) -> Iterator[Hit]:
    day = f"{each.leaf.expires:%Y-%m-%d}"
    if each.leaf.expires <= now:
        yield Hit(each.file.at(), f"{each.server} presents it, and it ended on {day}")
    elif each.leaf.expires <= now + WARNED:
        yield Hit(each.file.at(), f"{each.server} presents it, and it ends on {day}", Severity.WARNING)


def _together(found: tuple[Presented, ...]) -> Iterator[Hit]:
    """Nodes whose certificates could be renewed one by one, and all end at once."""
    by_server: dict[str, dict[str, Presented]] = {}
    for each in found:
        by_server.setdefault(each.server, {}).setdefault(each.node, each)
    for server, nodes in by_server.items():
        first, *others = sorted(nodes.values(), key=lambda each: each.leaf.expires)
        own = len({each.leaf.serial for each in nodes.values()}) == len(nodes)
        if others and own and others[-1].leaf.expires - first.leaf.expires < TOGETHER:
            yield Hit(first.file.at(), f"those of {server} on all {len(nodes)} nodes end on "
                                       f"{first.leaf.expires:%Y-%m-%d}", Severity.INFO)


def _for_other_names(cloud: Cloud, found: tuple[Presented, ...]) -> Iterator[Hit]:
    """Of the certificates of one listener one at least has to be for what its clients ask for."""
    listeners: dict[tuple[str, int], dict[str, list[Presented]]] = {}
    for each in found:
        if each.bind is not None and each.bind.port is not None:
            nodes = listeners.setdefault((each.bind.address, each.bind.port), {})
            nodes.setdefault(each.node, []).append(each)
    for host, port in dict.fromkeys(_asked(cloud)):
        for (address, own), nodes in listeners.items():
            if own != port or (_is_address(host) and address not in (host, "*")):
                continue
            for node, choice in nodes.items():
                if not any(each.leaf.covers(host) for each in choice):
                    yield Hit(choice[0].at, f"clients ask for {host}:{port}, and the certificate here on "
                                            f"{node} is for {', '.join(choice[0].leaf.names) or 'no name'}")


def _asked(cloud: Cloud) -> Iterator[tuple[str, int]]:
    for service in services(cloud):
        for option, endpoint, port in asked_by(service):
            if option.value.startswith("https://"):
                yield endpoint.host, port


def _is_address(host: str) -> bool:
    return host.replace(".", "").isdigit() or ":" in host
