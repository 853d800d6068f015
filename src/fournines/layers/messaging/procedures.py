"""How the brokers become one cluster, and how they are restarted without a queue losing its majority.

The first start needs no order: RabbitMQ's peer discovery takes a lock over all of ``classic_config.nodes``,
so one forms the cluster and the others join it. Later restarts go one at a time, once every quorum queue has
all its replicas, each behind ``health.others_enough``.
"""

from __future__ import annotations

from fournines.blueprint.predicate import Fact, OnEvery
from fournines.blueprint.requests import Run
from fournines.blueprint.steps import Gate, On, Service, Step
from fournines.layers.layer import Site
from fournines.layers.messaging import artifacts, health

_STARTED = f"messaging: start {artifacts.BROKER_UNIT}"
_COMPLETE = "messaging: complete the quorum queues"
_START_S = artifacts.LOAD_TABLES_ATTEMPTS * artifacts.LOAD_TABLES_S
_TOOL_S = 60.0


def services(site: Site) -> tuple[Service, ...]:
    """The port mapper, then the brokers, all together at first, one by one ever after; and their guards."""
    return (
        Service(artifacts.EPMD_UNIT, site.controllers, artifacts.EPMD_FILES,
                ready=Gate(Fact(health.PORT_MAPPER), timeout_s=10.0)),
        Service(artifacts.BROKER_UNIT, site.controllers, artifacts.BROKER_FILES,
                ready=Gate(health.well(site), timeout_s=_START_S),
                others_ok=health.others_enough(site), needs=(f"messaging: restart {artifacts.EPMD_UNIT}",),
                before_change=(_COMPLETE,) if _all_have_all(site) else (),
                refusal=f"a broker that gives no answer can be stopped by hand (systemctl stop "
                        f"{artifacts.BROKER_UNIT}), and is then started with its files"),
        Service(artifacts.GUARD_UNIT, site.controllers, artifacts.GUARD_FILES,
                ready=Gate(Fact(health.GUARD), timeout_s=10.0), needs=(_STARTED,)),
    )


def _all_have_all(site: Site) -> bool:
    """Whether every broker, of several, is to have a replica of every quorum queue."""
    return 1 < len(site.controllers) == artifacts.replicas(len(site.controllers))


def steps(site: Site) -> tuple[Step, ...]:
    """What can only be done inside a running cluster. The tools may fail where there was nothing to do (a
    busy broker had not answered): the gates tell whether all is well."""
    names = site.controllers
    guest_gone = OnEvery(names, Fact(health.BROKER, "guest", wanted=False))
    found = [Step(
        "messaging: remove the account guest", On.FIRST,
        {name: (Run(("rabbitmqctl", "delete_user", "guest"), timeout_s=_TOOL_S, check=False),)
         for name in names},
        why="a broker that was started before its accounts were there has made guest with a known password",
        unless=guest_gone, until=Gate(guest_gone, timeout_s=60.0), needs=(_STARTED,))]
    if _all_have_all(site):
        found.append(Step(
            _COMPLETE, On.FIRST,
            {name: tuple(Run(("rabbitmq-queues", "grow", artifacts.member(each), "all"), timeout_s=_TOOL_S,
                             check=False) for each in names) for name in names},
            why="a queue declared while brokers were missing has replicas only on those that were there",
            unless=health.complete(site), only_if=health.serves_if_any(site),
            until=Gate(health.complete_as_can_be(site), timeout_s=120.0), needs=(_STARTED,)))
    return tuple(found)
