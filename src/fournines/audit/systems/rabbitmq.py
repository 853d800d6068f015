"""RabbitMQ: the settings of each node's broker, from rabbitmq.conf and from Erlang terms, under one name
each.

A setting of advanced.config or of the classic rabbitmq.config is called APPLICATION.NAME (rabbit.heartbeat);
one of rabbitmq.conf as it stands there. Source: rabbitmq.com/docs/configure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from fournines.artifacts import environment, erlang, rabbitmq
from fournines.artifacts.erlang import Atom
from fournines.audit.cloud import Cloud, File
from fournines.findings import Place

_LONGEST_BITS = 64
_CLASSIC = {
    "rabbit.cluster_partition_handling": "cluster_partition_handling",
    "rabbit.heartbeat": "heartbeat",
    "rabbit.vm_memory_high_watermark": "vm_memory_high_watermark.relative",
    "rabbit.disk_free_limit": "disk_free_limit.absolute",
    "kernel.net_ticktime": "net_ticktime",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """A name, its value as text, and where it stands."""

    name: str
    value: str
    at: Place


@dataclass(frozen=True, slots=True)
class Broker:
    """What is configured for the broker of one node; ``policies`` of its definitions, with the file's
    place."""

    node: str
    settings: tuple[Setting, ...]
    policies: tuple[tuple[rabbitmq.Policy, Place], ...]
    environment: tuple[Setting, ...]
    at: Place

    def setting(self, name: str) -> Setting | None:
        """The last of that name."""
        return next((setting for setting in reversed(self.settings) if setting.name == name), None)

    def starting(self, prefix: str) -> tuple[Setting, ...]:
        """Those whose names begin so."""
        return tuple(setting for setting in self.settings if setting.name.startswith(prefix))

    @property
    def peers(self) -> tuple[Setting, ...]:
        """The brokers that it forms a cluster with, by its configuration: each once."""
        listed = (*self.starting("cluster_formation.classic_config.nodes."), *self.starting("cluster_nodes."))
        return tuple({setting.value: setting for setting in listed}.values())


@lru_cache(maxsize=1)
def brokers(cloud: Cloud) -> tuple[Broker, ...]:
    """The broker of each node that has one."""
    settings: dict[str, list[Setting]] = {}
    policies: dict[str, list[tuple[rabbitmq.Policy, Place]]] = {}
    variables: dict[str, list[Setting]] = {}
    places: dict[str, Place] = {}
    for file, configuration in cloud.documents(rabbitmq.Document):
        places.setdefault(file.node, file.at())
        settings.setdefault(file.node, []).extend(
            Setting(entry.key, entry.value, file.at(entry.line)) for entry in configuration.entries)
    for file, terms in cloud.documents(erlang.List):
        places.setdefault(file.node, file.at())
        settings.setdefault(file.node, []).extend(_terms(file, terms))
    for file, definitions in cloud.documents(rabbitmq.Definitions):
        policies.setdefault(file.node, []).extend((policy, file.at()) for policy in definitions.policies)
    for file, entries in cloud.documents(environment.Document):
        places.setdefault(file.node, file.at())
        variables.setdefault(file.node, []).extend(
            Setting(entry.key.removeprefix("RABBITMQ_"), entry.value, file.at()) for entry in entries.entries)
    return tuple(Broker(node, tuple(settings.get(node, ())), tuple(policies.get(node, ())),
                        tuple(variables.get(node, ())), place) for node, place in places.items())


def _terms(file: File, root: erlang.List) -> Iterator[Setting]:
    for application, settings, _ in _pairs(root):
        for name, value, line in _pairs(settings):
            full = f"{application}.{name}"
            full = _CLASSIC.get(full, full)
            at = file.at(line)
            limit_ms = _user_timeout_ms(value)
            if limit_ms is not None:
                yield Setting(f"{full}.tcp_user_timeout", str(limit_ms), at)
            if full == "rabbit.cluster_nodes":
                yield from (Setting(f"cluster_nodes.{number}", node, at) for number,
                            node in enumerate(_nodes(value)))
                if isinstance(value, erlang.Tuple) and len(value.items) == 2:
                    yield Setting("cluster_formation.node_type", _text(value.items[1]), at)
            elif isinstance(value,
                            erlang.Tuple) and len(value.items) == 2 and isinstance(value.items[0], Atom):
                yield Setting(f"{full.removesuffix('.relative')}.{value.items[0].name}",
                              _text(value.items[1]), at)
            else:
                yield Setting(full, _text(value), at)


def _pairs(term: erlang.Term) -> Iterator[tuple[str, erlang.Term, int]]:
    """``[{name, value}, ...]``, with lines."""
    for item in term.items if isinstance(term, erlang.List) else ():
        if isinstance(item, erlang.Tuple) and len(item.items) == 2 and isinstance(item.items[0], Atom):
            yield item.items[0].name, item.items[1], item.line


def _user_timeout_ms(options: erlang.Term) -> int | None:
    """TCP_USER_TIMEOUT among socket options, ``{raw, 6, 18, <<milliseconds>>}``, as a little-endian machine
    reads it."""
    for option in options.items if isinstance(options, erlang.List) else ():
        if isinstance(option, erlang.Tuple) and option.items[:3] == (Atom("raw"), 6, 18):
            (value,) = option.items[3:] or (b"",)
            if isinstance(value, bytes) and len(value) == 4:
                return int.from_bytes(value, "little")
    return None


def _nodes(term: erlang.Term) -> Iterator[str]:
    """The names in ``{[rabbit@a, rabbit@b], disc}``."""
    if isinstance(term, erlang.Tuple) and term.items and isinstance(term.items[0], erlang.List):
        yield from (_text(item) for item in term.items[0].items)


def _text(term: erlang.Term) -> str:
    if isinstance(term, Atom):
        return term.name
    if isinstance(term, int) and term.bit_length() > _LONGEST_BITS:
        return ""
    return str(term) if isinstance(term, int | float | str) else ""
