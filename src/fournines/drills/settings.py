"""What the clients of a drill need to know, as a value that travels to their process as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from fournines.drills.workloads.amqp import AmqpSettings, AmqpWorkload
from fournines.drills.workloads.glance import GlanceWorkload
from fournines.drills.workloads.http import KeystoneSettings
from fournines.drills.workloads.keystone import KeystoneWorkload
from fournines.drills.workloads.sql import SqlSettings, SqlWorkload
from fournines.drills.workloads.tcp import TcpWorkload
from fournines.drills.workloads.workload import Emit, Workload

SQL_STANDING, SQL_NEW, AMQP = "SQL, standing connection", "SQL, new connection", "AMQP publish"
KEYSTONE, GLANCE, TCP = "Keystone token", "Glance list", "TCP connect"
PERIOD_S: Mapping[str, float] = {SQL_STANDING: 0.1, SQL_NEW: 0.25, AMQP: 0.1, KEYSTONE: 0.25, GLANCE: 0.25,
                                 TCP: 0.1}
"""How often each path is asked: fine enough to resolve its aim, light enough for two cores."""


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """None leaves a path out; ``host`` is the VIP, ``tcp_port`` a port on it."""

    host: str
    tcp_port: int = 0
    sql: SqlSettings | None = None
    amqp: AmqpSettings | None = None
    keystone: KeystoneSettings | None = None
    glance_url: str = ""
    periods_s: Mapping[str, float] = field(default_factory=lambda: dict(PERIOD_S))

    def to_line(self) -> bytes:
        """One line of JSON, with the passwords: only ever to a pipe."""
        return json.dumps(asdict(self)).encode() + b"\n"


def from_data(data: Mapping[str, object]) -> ClientSettings:
    """What ``to_line`` made. Raises TypeError where something is missing or strange."""
    parts: dict[str, object] = dict(data)
    for name, kind in (("sql", SqlSettings), ("amqp", AmqpSettings), ("keystone", KeystoneSettings)):
        value = parts.get(name)
        if isinstance(value, dict):
            parts[name] = kind(**value)
    return ClientSettings(**parts)  # type: ignore[arg-type]


def workloads(settings: ClientSettings, emit: Emit) -> list[Workload]:
    """One workload per path that the settings name."""
    periods_s = {**PERIOD_S, **settings.periods_s}
    found: list[Workload] = []
    if settings.sql is not None:
        found += [SqlWorkload(settings.sql, emit, standing, path, periods_s[path])
                  for standing, path in ((True, SQL_STANDING), (False, SQL_NEW))]
    if settings.amqp is not None:
        found.append(AmqpWorkload(settings.amqp, emit, AMQP, periods_s[AMQP]))
    if settings.keystone is not None:
        found.append(KeystoneWorkload(settings.keystone, KEYSTONE, periods_s[KEYSTONE]))
        if settings.glance_url:
            found.append(GlanceWorkload(settings.glance_url, settings.keystone, GLANCE, periods_s[GLANCE]))
    if settings.tcp_port:
        found.append(TcpWorkload(settings.host, settings.tcp_port, TCP, periods_s[TCP]))
    return found
