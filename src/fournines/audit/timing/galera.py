"""SQL on Galera: all commits wait until the group goes on without the member. Source: Galera parameters."""

from __future__ import annotations

from collections.abc import Iterator

from fournines.audit.cloud import Cloud
from fournines.audit.systems.galera import Server, duration_s, servers
from fournines.audit.timing.balancer import address_moves, hung_server, refused_server, silent_server
from fournines.audit.timing.chain import HANG, KILL, NODE, Chain, Found, Route, Step
from fournines.cluster.timers.formulas import suspected_s
from fournines.cluster.timers.galera import JOIN_RETRANS_S

_MANUAL = "Galera Cluster documentation, Galera parameters"
_DEFAULTS_S = {"evs.suspect_timeout": 5.0, "evs.inactive_check_period": 0.5, "evs.keepalive_period": 1.0,
               "evs.join_retrans_period": JOIN_RETRANS_S}
_BALANCED = ("mysql",)


def galera_chains(cloud: Cloud) -> Iterator[Chain]:
    """Those of a cluster's members; none without one."""
    members = [server for server in servers(cloud) if server.clustered]
    if not members:
        return
    slowest = max((_given_up(member) for member in members),
                  key=lambda route: sum(step.upper_s or 0.0 for step in route))
    path = "SQL to Galera"
    yield Chain(NODE, path, (slowest, *silent_server(cloud, _BALANCED),
                             *address_moves(cloud), *address_moves(cloud, standing=True)))
    yield Chain(KILL, path, (slowest, *refused_server(cloud, _BALANCED)))
    yield Chain(HANG, path, (slowest, *hung_server(cloud, _BALANCED)))


def _given_up(server: Server) -> Route:
    suspect, check, alive, again = (_found(server, name) for name in _DEFAULTS_S)
    lower_s, upper_s = suspected_s(suspect.value, alive.value, check.value)
    return (Step("Galera suspects the silent member, and commits wait", f"{suspect.value:g} s + "
                 f"{check.value:g} s until the next look", (suspect, check), max(0.0, lower_s), upper_s),
            Step("the surviving members agree, one lost round repeated", f"{again.value:g} s", (again,), 0.0,
                 again.value))


def _found(server: Server, name: str) -> Found:
    option = server.option("wsrep_provider_options")
    written = duration_s(server.provider_options.get(name, ""))
    if written is None or option is None:
        return Found(name, _DEFAULTS_S[name], option.at if option else server.at, f"{_MANUAL}, {name}")
    return Found(name, written, option.at)
