"""Several drills one after the other, on the place made up for the runner."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from drills.made_up import MadeUpMachine, Namespace
from fournines.blueprint.snapshot import Snapshot
from fournines.drills.catalog import DRILLS
from fournines.drills.drill import Capability
from fournines.drills.folder import UNDO, RunFolder, armed
from fournines.drills.intervention import Act, Intervention
from fournines.drills.place import Health, Place
from fournines.drills.serial import become_whole, run_series
from fournines.drills.series import SERIES, Planned, is_series, read_series, times
from fournines.errors import Refused
from fournines.findings import Finding, Severity
from fournines.report.page import series_page
from fournines.report.series_view import recorded_runs, series_view

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="makes network namespaces")
CUT = replace(DRILLS["cut-management-of-vip-holder"], layer="", baseline_s=1.5, observe_s=1.5,
              converge_s=10.0)
ILL = Health((Finding(Severity.ERROR, "the database has no quorum"),), Snapshot({}, {}))
WELL = Health((), Snapshot({}, {}))


async def test_a_drill_twice(place: Place, machine: MadeUpMachine, tmp_path: Path) -> None:
    told: list[str] = []
    series = await run_series("cut, 2 times", times(CUT, 2, 7), place, tmp_path, told.append, name="cut-x2")
    assert machine.done.count("cut management") == 2
    assert [(item.number, item.seed, item.target) for item in series.attempts] == [(1, 7, "ctl1"),
                                                                                  (2, 8, "ctl1")]
    assert (series.stopped, series.interrupted) == ("", False)
    assert "run 2 of 2: cut-management-of-vip-holder" in told
    assert is_series(series.folder)
    assert read_series(series.folder) == series
    view = series_view(series, recorded_runs(series))
    (group,) = view.comparison.groups
    assert group.count == 2
    page = series_page(view)
    assert all(f"{item.folder}/report.html" in page for item in series.attempts)
    assert "29956 good ones in a row" in page


async def test_an_interrupted_series_has_healed_and_tells_what_was_done(
        place: Place, machine: MadeUpMachine, tmp_path: Path) -> None:
    told: list[str] = []
    breaking = asyncio.Event()

    def tell(message: str) -> None:
        told.append(message)
        if "what clients notice" in message and f"run 2 of 3: {CUT.name}" in told:
            breaking.set()

    running = asyncio.create_task(run_series("cut, 3 times", times(CUT, 3, 0), place, tmp_path, tell,
                                             name="cut-x3"))
    await asyncio.wait_for(breaking.wait(), 60)
    assert machine.pulled == {"management"}
    running.cancel()
    series = await running
    assert machine.pulled == set()
    assert armed(tmp_path) == {}
    assert read_series(series.folder) == series
    assert (series.interrupted, len(series.attempts), series.asked) == (True, 1, 3)
    assert series.verdict.truth is not True
    assert "interrupted" in series.stopped


async def test_a_drill_that_cannot_be_done_here_does_not_end_a_suite(place: Place, machine: MadeUpMachine,
                                                                     tmp_path: Path) -> None:
    planned = (Planned(DRILLS["kill-memcached-in-use"]), Planned(CUT))
    series = await run_series("suite x", planned, place, tmp_path, name="suite-x")
    first, second = series.attempts
    assert (first.truth, first.folder) == (None, "")
    assert "the layer cache, which the cluster does not have" in first.because
    assert second.target == "ctl1"
    view = series_view(series, recorded_runs(series))
    without = next(group for group in view.comparison.groups if group.drill == first.drill)
    assert (without.count, without.coverage) == (1, 0.0)
    assert "A run came to no result" in series_page(view)


async def test_where_nothing_can_be_done_nothing_is_begun(place: Place, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not allowed: cables"):
        await run_series("x", times(CUT, 2, 0), replace(place, can=frozenset({Capability.POWER})), tmp_path,
                         name="x")
    assert os.listdir(tmp_path) == []


async def test_a_cluster_that_stays_ill_stops_the_series(place: Place, machine: MadeUpMachine,
                                                         tmp_path: Path) -> None:
    async def health() -> Health:
        return ILL if machine.done else WELL

    series = await run_series("x", times(replace(CUT, converge_s=0.1), 3, 0), replace(place, health=health),
                              tmp_path, name="x", whole_within_s=0.1)
    assert len(series.attempts) == 1
    assert "cannot be healed: not whole within 0.1 s: the database has no quorum" in series.stopped
    assert json.loads((series.folder / SERIES).read_text())["asked"] == 3


async def test_what_a_drill_left_is_mended_before_the_next(place: Place, machine: MadeUpMachine,
                                                           namespaces: dict[str, Namespace],
                                                           tmp_path: Path) -> None:
    machine.power_off()
    machine.pulled.add("management")
    run = RunFolder.create(RunFolder.create(tmp_path, "x3").path, "x")
    run.arm([Intervention(Act.PLUG_IN, "ctl1", networks=("management",))])
    await become_whole(place, tmp_path, lambda message: None, 10.0)
    assert (machine.power, machine.pulled) == ("on", set())
    assert not (run.path / UNDO).exists()
