"""The arbitrator of two members is lost, or what asks it on one of them: both members are there, so nothing
may move. What it is for shows when a member is lost, which is in the other families."""

from __future__ import annotations

from fournines.drills.catalog.processes import Process
from fournines.drills.drill import Drill, Target
from fournines.drills.faults import cut, freeze, power_off
from fournines.layers.membership.arbitrator import QDEVICE_UNIT, QNETD_UNIT

_PROCESSES = (
    Process("qnetd", "what gives the arbitrator's vote", Target.ARBITRATOR, QNETD_UNIT, "membership",
            service="qnetd"),
    Process("qdevice", "what asks for the arbitrator's vote, on one member,", Target.ONE, QDEVICE_UNIT,
            "membership", service="qdevice"),
)
DRILLS = (
    *(drill for process in _PROCESSES for drill in process.drills()),
    Drill("power-off-arbitrator", "the arbitrator's machine loses its power", power_off(Target.ARBITRATOR),
          layer="membership", service="qnetd"),
    Drill("freeze-arbitrator", "the arbitrator's machine hangs", freeze(Target.ARBITRATOR),
          layer="membership", service="qnetd"),
    Drill("cut-all-links-of-arbitrator", "the arbitrator is reached by nobody any more",
          cut(Target.ARBITRATOR), layer="membership", service="qnetd"),
)
