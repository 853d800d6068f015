"""What the clients of a drill need to know, as a value that travels to their process as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from fournines.drills.workloads.amqp import AmqpSettings, AmqpWorkload
from fournines.drills.workloads.arp import ArpWorkload
from fournines.drills.workloads.http import KeystoneSettings
from fournines.drills.workloads.images import ImageWorkload
from fournines.drills.workloads.keystone import KeystoneWorkload
from fournines.drills.workloads.listing import ListingWorkload
from fournines.drills.workloads.memcached import MemcachedWorkload
from fournines.drills.workloads.sql import SqlSettings, SqlWorkload
from fournines.drills.workloads.tcp import TcpWorkload
from fournines.drills.workloads.transactions import Exchange, Insert, Transfer
from fournines.drills.workloads.workload import Emit, Workload

SQL_STANDING, SQL_NEW, AMQP = "SQL, standing connection", "SQL, new connection", "AMQP publish"
KEYSTONE, GLANCE, TCP = "Keystone token", "Glance list", "TCP connect"
CINDER, NEUTRON = "Cinder list", "Neutron list"
SQL_REGISTER, SQL_BANK, CACHE = "SQL register", "SQL bank", "cache"
IMAGES, ARP = "image upload", "ARP for the address"
CHECKED_ONLY = frozenset({SQL_REGISTER, SQL_BANK, CACHE, ARP})
"""Their answers are checked, not how long they waited: that the other paths to the database and to the
address tell, which ask more often. Nobody waits for a cache: who gets no answer goes on without it."""
PERIOD_S: Mapping[str, float] = {SQL_STANDING: 0.1, SQL_NEW: 0.25, AMQP: 0.1, KEYSTONE: 0.25, GLANCE: 0.25,
                                 CINDER: 1.0, NEUTRON: 1.0, TCP: 0.1, SQL_REGISTER: 0.5, SQL_BANK: 0.5,
                                 CACHE: 0.25, IMAGES: 1.25, ARP: 0.25}
"""How often each path is asked: fine enough to resolve its aim, light enough for two cores. Of uploads five
have to fit in what counts of a baseline of 10 s, see ``checkers.gaps.LEAST_BASELINE``."""
REQUESTS: Mapping[str, int] = {IMAGES: 3}
"""Of what takes more than one request after the other, how many."""
SELDOM_S: Mapping[str, float] = {IMAGES: PERIOD_S[IMAGES]}
"""How much longer a gap may be seen of a path that is asked rarely."""


def in_time_s(path: str, slow_s: float) -> float:
    """How long the answer on a path may take, where a request may take ``slow_s``."""
    return slow_s * REQUESTS.get(path, 1)


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """None, 0, "" and False leave a path out; ``host`` is the VIP, ``tcp_port`` a port on it. ``listings``
    maps a path to the URL that it asks for, Glance's apart. ``run`` is the run's name; ``arp``: the
    clients are in the network of the VIP; ``ahead``: they measure, and where they share the cluster's
    computer they get a processor first."""

    host: str
    tcp_port: int = 0
    sql: SqlSettings | None = None
    amqp: AmqpSettings | None = None
    keystone: KeystoneSettings | None = None
    glance_url: str = ""
    listings: Mapping[str, str] = field(default_factory=dict)
    cache_port: int = 0
    run: str = ""
    arp: bool = False
    ahead: bool = True
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
        found += [SqlWorkload(settings.sql, emit, standing, path, periods_s[path], transaction)
                  for standing, path, transaction in (
                      (True, SQL_STANDING, Insert()), (False, SQL_NEW, Insert()),
                      (True, SQL_REGISTER, Exchange()), (True, SQL_BANK, Transfer()))]
    if settings.amqp is not None:
        found.append(AmqpWorkload(settings.amqp, emit, AMQP, periods_s[AMQP]))
    if settings.keystone is not None:
        found.append(KeystoneWorkload(settings.keystone, KEYSTONE, periods_s[KEYSTONE]))
        images = {GLANCE: f"{settings.glance_url}/v2/images?limit=1"} if settings.glance_url else {}
        found += [ListingWorkload(url, settings.keystone, path, periods_s[path])
                  for path, url in {**images, **settings.listings}.items()]
        if settings.glance_url:
            found.append(ImageWorkload(settings.glance_url, settings.keystone, settings.run, emit, IMAGES,
                                       periods_s[IMAGES]))
    if settings.tcp_port:
        found.append(TcpWorkload(settings.host, settings.tcp_port, TCP, periods_s[TCP]))
    if settings.cache_port:
        found.append(MemcachedWorkload(settings.host, settings.cache_port, f"fournines-drill-{settings.run}",
                                       CACHE, periods_s[CACHE]))
    if settings.arp:
        found.append(ArpWorkload(settings.host, ARP, periods_s[ARP]))
    return found
