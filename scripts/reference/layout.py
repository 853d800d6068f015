"""layout-on-nodes.md: what Fournines puts on a node of the example, what runs there, who listens where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import markdown
from example import Example
from markdown import code, table

from fournines.blueprint.contribution import Contribution
from fournines.blueprint.files import NodeDirectory, NodeFile
from fournines.layers.cache import artifacts as cache
from fournines.layers.database import artifacts as database
from fournines.layers.images import artifacts as images
from fournines.layers.loadbalancer import alive
from fournines.layers.loadbalancer import haproxy_config as haproxy
from fournines.layers.messaging import artifacts as messaging

_SST_PORT, _GLUSTERD_PORT, _NTP_PORT, _SSH_PORT = 4444, 24007, 123, 22   # as their packages have them


def page(example: Example) -> str:
    """Files by layer, then what the engine leaves, then ports."""
    return markdown.page(
        "Layout on nodes",
        "What Fournines puts on the nodes of a cluster like `examples/three-controllers.yaml`. See the "
        "content without touching a node: `fournines render FILE --out DIR`. What is changed by hand in one "
        "of these files, the next `fournines plan` shows and the next `fournines apply` takes back.",
        *(text for layer, part in example.parts.items() for text in _layer(example, layer, part)),
        "## Left by apply",
        "Each says with which files its unit was last started, so that a change of them is noticed.",
        table(("path", "mode", "owner"), _stamps(example)),
        "## Ports",
        "On every controller; TCP where nothing else is said. *replication* is the management network where "
        "there is no other. Every HAProxy listens on the VIP; the one on its holder is reached. Keepalived "
        "speaks VRRP (IP protocol 112, unicast) on the network of the VIP.",
        table(("address", "port", "who listens", "for whom"), _ports(example)))


def _layer(example: Example, layer: str, part: Contribution) -> Iterator[str]:
    yield f"## {layer}"
    names = sorted({name for group in part.packages.values() for name in group})
    yield f"Packages: {', '.join(map(code, names))}." if names else ""
    yield table(("path", "mode", "owner", "where"), _paths(example, part))
    yield table(("unit", "when its files change", "where"), (
        (code(service.unit), f"{service.on_change.value}, one node at a time", _where(example, service.nodes))
        for service in part.services))


def _paths(example: Example, part: Contribution) -> Iterator[tuple[str, ...]]:
    """One row for each path; nodes may differ in what it holds."""
    directories: dict[str, NodeDirectory] = {item.path: item for group in part.directories.values()
                                             for item in group}
    for path, item in sorted(directories.items()):
        nodes = [node for node, group in part.directories.items() if item in group]
        yield code(f"{path}/"), *_rights(item), _where(example, nodes)
    files: dict[str, dict[str, NodeFile]] = {}
    for node, group in part.files.items():
        for file in group:
            files.setdefault(file.path, {})[node] = file
    for path, by_node in sorted(files.items()):
        yield code(path), *_rights(next(iter(by_node.values()))), _content(example, by_node)


def _rights(item: NodeFile | NodeDirectory) -> tuple[str, str]:
    return f"{item.mode:04o}", f"{item.owner}:{item.group}"


def _content(example: Example, by_node: Mapping[str, NodeFile]) -> str:
    one = len({item.content for item in by_node.values()}) == 1
    secret = any(item.secret for item in by_node.values())
    words = (_where(example, list(by_node)), "the same" if one else "each its own", *["secret"] * secret)
    return ", ".join(words)


def _where(example: Example, nodes: Sequence[str]) -> str:
    return "every node" if set(nodes) == {node.name for node in example.cluster.nodes} else ", ".join(nodes)


def _stamps(example: Example) -> list[tuple[str, ...]]:
    stamps = {item.path: item for by_node in example.blueprint.stamps.values() for item in by_node.values()}
    return [(code(path), *_rights(item)) for path, item in sorted(stamps.items())]


def _ports(example: Example) -> Iterator[tuple[str, str, str, str]]:
    listeners = example.site.exchange.listeners
    for listener in listeners:
        yield f"VIP {listener.vip}", str(listener.port), "HAProxy", f"clients of {listener.name}"
    for listener in listeners:
        whom = "HAProxy, and services on every controller" if listener.kind == "messaging" else "HAProxy"
        yield "management", str(listener.port), f"{listener.name}, each member", whom
    low, high = images.PORTS
    own = (
        ("management", database.HEALTH_PORT, "health of the Galera member", "HAProxy, members that start"),
        ("management", alive.REACH_PORT, "HAProxy", "the other HAProxies, about whom this one reaches"),
        ("management", cache.PORT, "memcached", "services on every controller"),
        ("replication", database.GROUP_PORT, "Galera", "group communication"),
        ("replication", database.IST_PORT, "Galera", "a member that sends what another missed"),
        ("replication", _SST_PORT, "mariabackup", "a member that sends another a full copy"),
        ("replication", messaging.EPMD_PORT, "epmd", "the other brokers"),
        ("replication", messaging.DISTRIBUTION_PORT, "RabbitMQ", "the other brokers"),
        ("replication", haproxy.PEERS_PORT, "HAProxy", "its peers, about the chosen writer"),
        ("replication", _GLUSTERD_PORT, "glusterd", "the other copies, mounts of the images"),
        ("replication", f"{low} to {high}", "Gluster", "the other copies, mounts of the images"),
        ("127.0.0.1", alive.ALIVE_PORT, "HAProxy", "Keepalived's check"),
        ("management", f"{_NTP_PORT} (UDP)", "chrony", "the other nodes"),
        ("where you log in", _SSH_PORT, "sshd", "Fournines"),
    )
    for address, port, who, whom in own:
        yield address, str(port), who, whom
