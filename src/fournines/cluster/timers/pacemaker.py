"""Pacemaker: how soon a failure is seen, how long fencing and actions may take, when failures expire."""

from __future__ import annotations

from fournines.cluster.timers.definition import Calculated, Definition, Fixed, Given, Share
from fournines.cluster.timers.timer import Unit

SERVICE_S = 7.0     # for a volume that is promoted and mounted, and a database or a broker that starts on it
TAKEOVER_S = 2.0    # from the end of fencing to an address that answers elsewhere

_EXPLAINED = "Pacemaker Explained 2.1"


def _fence_delay(given: Given) -> tuple[float, str]:
    rule = f"2 s where there are two controllers, else none: {given.controllers} controllers"
    if given.arbitrated:
        return 0.0, f"{rule}, and an arbitrator"
    return 2.0 if given.controllers == 2 else 0.0, rule


_REACH = Share(
    "pacemaker.reach_timeout", 1 / 10, at_least=1, at_most=5, grain=1,
    source="crm ra info ocf:pacemaker:ping: timeout (default 2 s)",
    because="Who answers none of four questions in this time is not reached on the network of clients; who "
            "reaches nobody gives up what clients ask for.")


def _reach_timeout(given: Given) -> tuple[float, str]:
    if not given.knows_who_is_cut_off:
        return 0.0, "none where only two could ask each other: nobody could tell whose link is lost"
    return _REACH.value(given)


def _reach_dampen(given: Given) -> tuple[float, str]:
    if not given.of("pacemaker.reach_timeout"):
        return 0.0, "none where nobody looks whom he reaches"
    interval_s = given.of("pacemaker.monitor_interval")
    return 2 * interval_s, f"2 x pacemaker.monitor_interval = 2 x {interval_s:g} s"


DEFINITIONS: tuple[Definition, ...] = (
    Share("pacemaker.monitor_interval", 1 / 5, at_least=2, at_most=10, grain=1,
          source=f"{_EXPLAINED}, operations: interval (the agents advise 10 to 20 s)",
          because="A resource that died is noticed at its next monitor; each costs a few processes, so not "
                  "every second."),
    Calculated(_REACH.name, _reach_timeout, unit=_REACH.unit, least=0, source=_REACH.source,
               because=_REACH.because),
    Calculated("pacemaker.reach_dampen", _reach_dampen, unit=Unit.SECONDS, least=0,
               source="crm ra info ocf:pacemaker:ping: dampen (default 5 s); attrd_updater(8), --delay",
               because="A look of every member has to be in before they are compared: without their switch "
                       "all reach nobody, and the first to find that must not move what it has."),
    Fixed("pacemaker.operation_timeout", 60, source=f"{_EXPLAINED}, op_defaults: timeout (default 20 s)",
          because="A start or monitor that takes longer counts as failed, and a stop that does ends in "
                  "fencing: after a failover a machine is busy, and 20 s were too few for a database."),
    Share("pacemaker.fence_within", 0.3, at_least=4, at_most=30,
          source="the promise itself: no component is told it",
          because="Nothing of a lost node is started elsewhere before it is known to be off, and on again if "
                  "it is to come back by itself: a device that needs longer than this breaks the promise."),
    Share("pacemaker.fence_timeout", 2, at_least=20, at_most=60, grain=1,
          source=f"{_EXPLAINED}, fencing: pcmk_reboot_timeout, pcmk_off_timeout (default 60 s)",
          because="Then the device is given up and the next level tried. One that is cut short may have "
                  "powered the node off already, and begins again: rather too long than too short."),
    Calculated("pacemaker.fence_delay", _fence_delay, unit=Unit.SECONDS, least=0,
               source=f"{_EXPLAINED}, fencing: pcmk_delay_base",
               because="Two nodes that lose each other would both be fast enough to power the other off: the "
                       "first node of the file is given a start, and survives. A majority needs none, "
                       "and neither do two of whom an arbitrator lets one go on."),
    Share("pacemaker.stonith_timeout", 2, of="pacemaker.fence_timeout", at_least=40, at_most=120, grain=1,
          source=f"{_EXPLAINED}, cluster options: stonith-timeout (default 60 s)",
          because="What a device that says nothing of its own may take: turning off and turning on."),
    Share("pacemaker.stonith_watchdog_timeout", 2, of="sbd.watchdog_timeout", at_least=10, at_most=600,
          grain=1,
          source=f"{_EXPLAINED}, cluster options: stonith-watchdog-timeout (0: none); sbd(8)",
          because="A lost member is taken for reset after this, with nobody to confirm it: twice the time of "
                  "its watchdog. The last level of fencing, where no power switch answers."),
    Fixed("pacemaker.fencing_interval", 60, source=f"{_EXPLAINED}, operations: interval",
          because="A fencing device that has stopped answering has to be known before it is needed; BMCs are "
                  "slow and some take few sessions, so once a minute."),
    Share("pacemaker.dc_deadtime", 1 / 3, at_least=5, at_most=20, grain=1,
          source=f"{_EXPLAINED}, cluster options: dc-deadtime (default 20 s)",
          because="A cluster that starts waits so long for other members before it elects its controller."),
    Fixed("pacemaker.recheck_interval", 900,
          source=f"{_EXPLAINED}, cluster options: cluster-recheck-interval (default 15 min); guide line 479",
          because="Since Pacemaker 2.0.3 failures expire by timers of their own, and this is a safety net "
                  "only; the guide's 5 min was for version 1.1."),
    Fixed("pacemaker.failure_timeout", 600, source=f"{_EXPLAINED}, resource meta-attributes: failure-timeout "
          "(default: never)",
          because="A failure is forgotten well after the longest action, so that those which repeat add up, "
                  "and a node that was repaired may be used again without anybody's clean-up."),
    Fixed("pacemaker.migration_threshold", 3, unit=Unit.COUNT,
          source=f"{_EXPLAINED}, resource meta-attributes: migration-threshold (default: without limit)",
          because="A resource that fails again and again where it is moves to another node; one failure is "
                  "cured faster by a restart in place."),
    Fixed("pacemaker.stickiness", 100, unit=Unit.COUNT,
          source=f"{_EXPLAINED}, resource meta-attributes: resource-stickiness (default 0)",
          because="A node that comes back does not take its resources back: a repair would be a second "
                  "outage."),
)
