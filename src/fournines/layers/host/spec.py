"""The settings of the host layer in the cluster file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address


@dataclass(frozen=True, slots=True)
class HostSpec:
    """What every node needs before anything else: names, time, kernel settings.

    ``time_servers`` are NTP servers of your own; without any, ``time_pool`` is asked. ``hosts`` are further
    names for /etc/hosts, which Fournines writes as a whole.
    """

    time_servers: tuple[str, ...] = ()
    time_pool: str = "2.debian.pool.ntp.org"
    hosts: Mapping[str, IPv4Address] = field(default_factory=dict)
