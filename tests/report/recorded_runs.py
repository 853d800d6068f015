"""The recorded runs that these tests read, and one with what no recorded one has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fournines.cluster.timers import derive
from fournines.drills.breakdown import Step
from fournines.drills.recorded import Recorded, read_run
from fournines.drills.schedule import Deed

OUTPUTS = Path(__file__).parent / "outputs"
KEPT = OUTPUTS / "20261126T232230Z-power-off-vip-holder"
BROKEN = OUTPUTS / "20261126T231159Z-power-off-vip-holder"


def with_timers_of_today(run: Recorded) -> Recorded:
    """As if the recorded cluster had run with what this version derives for it."""
    timers = {timer.name: timer.shown for timer in derive(run.spec.cluster).values()}
    return replace(run, spec=replace(run.spec, timers=timers))


def kept_run() -> Recorded:
    """The run that kept the promise, with a derivation whatever the formulas are by now."""
    return with_timers_of_today(read_run(KEPT))


def run_of_all() -> Recorded:
    """A run in which all machines lost their power, on kernels of their own, and a process when they were
    back."""
    run = kept_run()
    zero_s, healed_s = run.timeline.injected_s, run.timeline.healed_s
    off = (Deed("power off", "power on", name, zero_s + after_s, healed_s)
           for name, after_s in (("ctl2", 0.0), ("ctl3", 0.2), ("ctl1", 0.4)))
    killed = Deed("kill haproxy.service", "start haproxy.service", "ctl2", zero_s + 30.0, zero_s + 35.0)
    return replace(run, deeds=(*off, killed),
                   spec=replace(run.spec, machines=dict.fromkeys(("ctl1", "ctl2", "ctl3"), "uml")))


def fenced_run() -> Recorded:
    """A run on a cluster with Pacemaker, whose journals told what it did."""
    run = kept_run()
    steps = (Step("detection", "node1", 0.0, 10.1), Step("fencing", "node1", 10.1, 13.4),
             Step("promote mysql", "node2", 13.9, 24.2), Step("mount mysql", "node2", 24.3, 27.0))
    return replace(run, result=replace(run.result, steps=steps))
