"""The recorded runs that these tests read, and one with what no recorded one has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fournines.cluster.timers import derive
from fournines.drills.recorded import Recorded, read_run

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
