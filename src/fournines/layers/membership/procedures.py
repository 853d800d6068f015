"""How members are brought together, fencing is tried, and Pacemaker gets its configuration."""

from __future__ import annotations

import hashlib
import json

from fournines.artifacts import cib
from fournines.blueprint.predicate import All, Answers, Fact, OnAny, OnOthers, Predicate, Test
from fournines.blueprint.requests import Run
from fournines.blueprint.resources import LOAD_RESOURCES, LOAD_SERVICES, Resources
from fournines.blueprint.steps import Gate, On, Service, Step
from fournines.layers.layer import Site
from fournines.layers.membership import (
    answers,
    arbitrator,
    artifacts,
    configuration,
    fencing,
    health,
    watchdog,
)

# Corosync 3.1.7 hears of another file than its own by this option alone. It wants to read a key, too, and
# ours may not be there yet.
_CHECK = ('key=$(mktemp) && trap \'rm -f "$key"\' EXIT && head -c 256 /dev/urandom > "$key" && '
          'sed "s#^totem {#totem {\\n    keyfile: $key#" | corosync -t -c /dev/stdin')
CHECK_COROSYNC = "membership: let Corosync check its configuration"
TEST_FENCING = "membership: try every fencing device"
SEED = "membership: tell Pacemaker how long to wait for others"
START_PACEMAKER = f"membership: start {artifacts.PACEMAKER_UNIT}"
_READY_S, _SETTLED_S = 180.0, 600.0


def services(site: Site) -> tuple[Service, ...]:
    """A restart of Corosync takes Pacemaker along, and that stops in good order: what ran here is started
    elsewhere first. So one member at a time, and only while every other is well."""
    names = site.controllers
    well = health.well(site)
    others, guarded = OnOthers(names, well), [each.path for each in watchdog.files(site)]
    joined = All((*_joined(site), *((watchdog.HELD,) if guarded else ())))
    return (
        *arbitrator.services(site, well),
        Service(artifacts.COROSYNC_UNIT, names, (*artifacts.COROSYNC_FILES, *guarded), Gate(joined, _READY_S),
                others_ok=others, needs=(CHECK_COROSYNC, watchdog.ARM if guarded else watchdog.DISARM,
                                         *arbitrator.needed_by_corosync(site))),
        Service(artifacts.PACEMAKER_UNIT, names, artifacts.PACEMAKER_FILES,
                Gate(All((health.QUORATE, health.Online())), _READY_S), others_ok=others,
                needs=(TEST_FENCING, SEED, f"membership: restart {artifacts.COROSYNC_UNIT}")),
    )


def _joined(site: Site) -> tuple[Predicate, ...]:
    return (health.QUORATE, *((arbitrator.VOTED,) if site.cluster.arbitrated else ()))


def wanted(site: Site) -> str:
    """What the script on the nodes is told: the configuration before and with the services."""
    return json.dumps({"early": cib.emit(configuration.early(site)),
                       "whole": cib.emit(configuration.whole(site))})


def steps(site: Site) -> tuple[Step, ...]:
    """Fencing is tried before anything is clustered, and nothing is loaded before all that it stands on."""
    exchange = site.exchange
    # Pacemaker ends where it is told of a watchdog and sbd does not run yet.
    armed = (f"membership: restart {artifacts.COROSYNC_UNIT}",) if watchdog.entry(site.cluster) else ()
    first = _load(site, LOAD_RESOURCES, "early", exchange.resources,
                  (START_PACEMAKER, *armed, *exchange.before_resources))
    before = (*arbitrator.steps(site), *watchdog.steps(site), _check_corosync(site), _try_fencing(site),
              _seed(site), *watchdog.disarming(site, OnOthers(site.controllers, health.well(site)), Gate(
                  All((*_joined(site), health.Online())), _READY_S)))
    if not exchange.service_resources:
        return (*before, first)
    return (*before, first,
            _load(site, LOAD_SERVICES, "whole", exchange.resources + exchange.service_resources,
                  (LOAD_RESOURCES, *exchange.before_service_resources)))


def _check_corosync(site: Site) -> Step:
    text = artifacts.corosync_text(site)
    ask = Run(("sh", "-c", _CHECK), stdin=text)
    return Step(CHECK_COROSYNC, On.EACH, dict.fromkeys(site.controllers, (ask,)),
                why="a configuration that Corosync refuses must not take the place of one that works",
                unless=All((Answers(answers.QUORUM), Fact(answers.COROSYNC_CONF, "", Test.EQ,
                                                          hashlib.sha256(text.encode()).hexdigest()))))


def _seed(site: Site) -> Step:
    wait = f"{site.timers.seconds('pacemaker.dc_deadtime'):g}s"
    return Step(SEED, On.EACH, dict.fromkeys(site.controllers, (Run((artifacts.SEED_SCRIPT, wait)),)),
                why="a Pacemaker that never ran waits for 20 s before it elects its controller",
                unless=Fact(answers.CIB_ON_DISK))


def _try_fencing(site: Site) -> Step:
    names, found = site.controllers, fencing.devices(site.cluster)
    digests, limit_s = fencing.digests(site), site.timers.seconds("pacemaker.operation_timeout")
    content = json.dumps({"timeout_s": limit_s, "devices": [
        {"name": each.name, "node": each.node, "agent": each.agent, "digest": digests[each.name],
         "parameters": dict(each.parameters)} for each in found]})
    ask = Run((artifacts.TEST_SCRIPT, "test"), stdin=content, timeout_s=limit_s * (len(found) // 8 + 1))
    return Step(TEST_FENCING, On.EACH, {name: (ask,) for name in names},
                why="a device that has never answered is none: nothing runs before each has told the power "
                    "of its node to every other",
                unless=health.Proven(digests, {each.name: each.node for each in found}))


def _load(site: Site, name: str, which: str, asked: Resources, needs: tuple[str, ...]) -> Step:
    names = site.controllers
    asked = asked + configuration.addresses(site)
    elected = Fact(answers.PACEMAKER, "dc", Test.NE, "")
    return Step(name, On.FIRST,
                {node: (Run((artifacts.LOAD_SCRIPT, "load", which), stdin=wanted(site), timeout_s=120.0),)
                 for node in names},
                why="the whole configuration in one piece, checked by Pacemaker's own schema first",
                unless=health.AsWanted(which), only_if=All((health.QUORATE, elected)),
                refusal="bring members back until they have quorum and a controller (fournines status), then "
                        "apply again; the configuration was left as it is",
                until=Gate(All((OnAny(names, health.AsWanted(which)), *health.settled(asked, names))),
                           _SETTLED_S), needs=needs)
