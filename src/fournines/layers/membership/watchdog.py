"""The watchdog as a last level of fencing: who has lost quorum is reset by hardware of his own (sbd).

No power switch is asked and none answers: the others wait until the lost member must have been reset. So
every member needs a watchdog, and the cluster a true majority. Sources: sbd(8); Pacemaker Explained 2.1,
fencing.
"""

from __future__ import annotations

from fournines.artifacts import environment
from fournines.artifacts.pacemaker import Level
from fournines.blueprint.contribution import Invariant
from fournines.blueprint.files import NodeFile
from fournines.blueprint.predicate import All, Fact, OnEvery, Predicate, Test
from fournines.blueprint.requests import Run, Unit, UnitFacts
from fournines.blueprint.resources import Operation, Primitive, Resources
from fournines.blueprint.snapshot import Probe
from fournines.blueprint.steps import Gate, On, Step
from fournines.cluster.topology import Cluster
from fournines.layers.layer import Site
from fournines.layers.membership import answers
from fournines.layers.membership.answers import MAY_END, SBD, WATCHDOG_DEVICE
from fournines.layers.membership.spec import WATCHDOG, FencingDevice, MembershipSpec
from fournines.layers.membership.units import COROSYNC_UNIT, LOAD_SCRIPT, PACEMAKER_UNIT

PACKAGES = ("sbd",)
UNIT, SETTINGS = "sbd.service", "/etc/default/sbd"
NAME = "watchdog"   # Pacemaker knows it by this id and no other
ARM, DISARM = "membership: arm the watchdog", "membership: disarm the watchdog"
HELD = Fact(SBD, "running")   # sbd has opened it, or ends at once


def entry(cluster: Cluster) -> FencingDevice | None:
    """What the cluster file says of it; None where nothing."""
    spec = cluster.spec(MembershipSpec)
    listed = spec.fencing if spec is not None and not isinstance(spec.fencing, str) else ()
    return next((each for each in listed if each.agent == WATCHDOG), None)


def _device(found: FencingDevice) -> str:
    return str(found.parameters.get("device", "/dev/watchdog"))


def files(site: Site) -> tuple[NodeFile, ...]:
    """The settings of sbd, without a disk."""
    found = entry(site.cluster)
    if found is None:
        return ()
    return (NodeFile(SETTINGS, environment.emit(environment.document({
        "SBD_PACEMAKER": "yes",
        "SBD_STARTMODE": "always",
        "SBD_DELAY_START": "no",
        "SBD_WATCHDOG_DEV": _device(found),
        "SBD_WATCHDOG_TIMEOUT": int(site.timers.seconds("sbd.watchdog_timeout")),
        # Nothing is written down first: a disk that hangs would keep it alive.
        "SBD_TIMEOUT_ACTION": "noflush,reboot",
        "SBD_MOVE_TO_ROOT_CGROUP": "auto",
        "SBD_SYNC_RESOURCE_STARTUP": "yes",
        "SBD_OPTS": "",
    })).encode()),)


def resources(site: Site) -> Resources:
    """The device by which Pacemaker waits for resets."""
    if entry(site.cluster) is None:
        return Resources()
    patience_s = site.timers.seconds("pacemaker.operation_timeout")
    return Resources((Primitive(
        NAME, f"stonith:{WATCHDOG}",
        {"pcmk_host_list": " ".join(site.controllers), "pcmk_host_check": "static-list"},
        (Operation("start", 0, patience_s),
         Operation("monitor", site.timers.seconds("pacemaker.fencing_interval"), patience_s)),
        meta={"priority": "1"}),))


def levels(site: Site) -> tuple[Level, ...]:
    """Its level, for each member."""
    found = entry(site.cluster)
    if found is None:
        return ()
    return tuple(Level(f"fl_{node}_{found.level}", node, found.level, (NAME,)) for node in site.controllers)


def properties(site: Site) -> dict[str, str]:
    """When a lost member counts as reset."""
    if entry(site.cluster) is None:
        return {}
    return {"stonith-watchdog-timeout": f"{site.timers.seconds('pacemaker.stonith_watchdog_timeout'):g}s"}


def steps(site: Site) -> tuple[Step, ...]:
    """sbd cannot be started or stopped by itself: it comes and goes with Corosync."""
    found = entry(site.cluster)
    if found is None:
        return ()
    return (Step(ARM, On.EACH, dict.fromkeys(site.controllers, (Unit("enable", UNIT),)),
                 why="Corosync takes sbd along, and sbd its watchdog: a member without one could not be "
                     "trusted to be reset",
                 unless=All((Fact(SBD, "enabled"), Fact(WATCHDOG_DEVICE))), only_if=Fact(WATCHDOG_DEVICE),
                 refusal=f"there is no {_device(found)} on it, as in every container: load the driver of its "
                         "board's watchdog (iTCO_wdt, ipmi_watchdog; softdog ends with its kernel), or take "
                         "fence_watchdog out of fencing"),)


def disarming(site: Site, others: Predicate, ready: Gate) -> tuple[Step, ...]:
    """Where the cluster file has none any more. A restart of Corosync would take sbd along, which of two
    members without an arbitrator resets the one that is left: so it is stopped, and started without."""
    if entry(site.cluster) is not None:
        return ()
    do = (Run((LOAD_SCRIPT, "release")), Unit("disable", UNIT), Unit("stop", COROSYNC_UNIT),
          Unit("start", PACEMAKER_UNIT))
    return (Step(DISARM, On.ROLLING, dict.fromkeys(site.controllers, do),
                 why="it is in the cluster file no more: Pacemaker may count on it no longer, and then sbd "
                     "ends with Corosync",
                 unless=All((Fact(SBD, "enabled", Test.EQ, False), Fact(SBD, "running", Test.EQ, False))),
                 only_if=All((others, Fact(MAY_END))),
                 refusal="bring the others back first (fournines status). A watchdog whose driver has "
                         "nowayout resets the machine when sbd ends: put fence_watchdog back, or load the "
                         "driver with nowayout=0 and restart the machines, one after the other",
                 until=ready),)


def probes(site: Site) -> tuple[Probe, ...]:
    """Whether there is a watchdog, and whether sbd holds it."""
    held = Probe(SBD, dict.fromkeys(site.controllers, UnitFacts((UNIT,))), answers.parse_sbd)
    found = entry(site.cluster)
    if found is None:
        end = Run(("sh", "-c", "! grep -qsx 1 /sys/class/watchdog/*/nowayout"), check=False)
        return (held, Probe(MAY_END, dict.fromkeys(site.controllers, end), answers.parse_present))
    look = Run(("test", "-c", _device(found)), check=False)
    return (Probe(WATCHDOG_DEVICE, dict.fromkeys(site.controllers, look), answers.parse_present), held)


def invariants(site: Site) -> tuple[Invariant, ...]:
    """What ``verify`` judges."""
    if entry(site.cluster) is None:
        return ()
    return (Invariant("a watchdog guards every member", OnEvery(site.controllers, HELD),
                      f"look at journalctl -u {UNIT}; it is started with Corosync"),)
