"""Options of OpenStack services, by what their packages list in three releases of Debian.

options.json is written by scripts/oslo_options. Where an option is known is a set of bits, one for each
release from the oldest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

DEFAULT = "DEFAULT"

GONE = {
    "notifier_strategy": "notifications are [oslo_messaging_notifications] driver",
    "rabbit_host": "the brokers are in transport_url", "rabbit_hosts": "the brokers are in transport_url",
    "rabbit_port": "the brokers are in transport_url", "rabbit_userid": "the account is in transport_url",
    "rabbit_password": "the account is in transport_url", "rabbit_virtual_host": "it is in transport_url",
    "rpc_backend": "the scheme of transport_url says it",
    "rabbit_max_retries": "connections are tried for ever (so was 0)",
    "rabbit_durable_queues": "the name is amqp_durable_queues, and quorum queues are durable",
    "sql_connection": "the name is [database] connection",
    "sql_idle_timeout": "it is connection_recycle_time",
    "idle_timeout": "it is connection_recycle_time",
    "auth_host": "the address is in auth_url", "auth_port": "the address is in auth_url",
    "auth_protocol": "the address is in auth_url", "identity_uri": "it is auth_url",
    "neutron_url": "it is [neutron] endpoint_override", "registry_host": "Glance has no registry any more",
    "os_auth_url": "it is [service_credentials] auth_url", "verbose": "the level of logs is debug alone",
}
"""Options that older releases than these had, in any service, and what to write instead."""

NOTHING_LOST = frozenset(("rpc_backend", "rabbit_max_retries", "registry_host", "verbose"))
"""Of these, those that have no successor to which their value would have to go."""


@dataclass(frozen=True, slots=True)
class Moved:
    """An old name: ``releases`` still read it, and it is ``[section] name`` now."""

    releases: int
    section: str
    name: str


@dataclass(frozen=True, slots=True)
class Options:
    """What one service's files may hold, with its libraries': by section, in lower case but for DEFAULT."""

    known: Mapping[str, Mapping[str, int]]
    moved: Mapping[str, Mapping[str, Moved]]
    names: frozenset[str] = field(default=frozenset())

    def sections_of(self, name: str) -> tuple[str, ...]:
        """The sections in which an option of that name is known."""
        return tuple(section for section, names in self.known.items() if name in names)


def section_key(section: str) -> str:
    """oslo.config reads sections in any case, but for DEFAULT."""
    return section if section == DEFAULT else section.lower()


@cache
def _told() -> dict[str, Any]:
    text = files(__package__).joinpath("options.json").read_text(encoding="utf-8")
    told: dict[str, Any] = json.loads(text)
    return told


@cache
def releases() -> tuple[str, ...]:
    """The releases of OpenStack, from the oldest."""
    return tuple(each["release"] for each in _told()["releases"])


def named(bits: int) -> str:
    """``Victoria and Zed``."""
    return " and ".join(name for number, name in enumerate(releases()) if bits >> number & 1)


@cache
def newest() -> int:
    """The bit of the newest release."""
    return 1 << len(releases()) - 1


@cache
def listed_services() -> frozenset[str]:
    """Those of which all lists could be had; nothing can be said of the options of others."""
    return frozenset(_told()["services"].split())


@cache
def login() -> frozenset[str]:
    """Options of the plugins of keystoneauth, which stand where auth_type does."""
    return frozenset(_told()["login"].split())


@cache
def options_of(service: str) -> Options:
    """Those of one service, such as ``nova``, and of every library."""
    known: dict[str, dict[str, int]] = {}
    moved: dict[str, dict[str, Moved]] = {}
    for key, groups in _told()["known"].items():
        owner, _, section = key.partition(" ")
        if owner in ("", service):
            found = known.setdefault(section, {})
            for bits, names in groups.items():
                for name in names.split():
                    found[name] = found.get(name, 0) | int(bits)
    for key, olds in _told()["moved"].items():
        owner, _, section = key.partition(" ")
        if owner in ("", service):
            names = moved.setdefault(section, {})
            for old, said in olds.items():   # a library's come first; a service may have copies elsewhere
                bits, new = said.split(" ", 1)
                names.setdefault(old, Moved(int(bits), *new.rsplit(" ", 1)))
    return Options(known, moved, frozenset(name for names in known.values() for name in names))
