from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from fournines.drills.checkers.gaps import good
from fournines.drills.recorded import Recorded
from fournines.report.run_view import run_view
from fournines.report.timeline_chart import HEIGHT, TOP, Axis, Chart, chart
from recorded_runs import kept_run, run_of_all


@pytest.fixture(scope="module")
def run() -> Recorded:
    return kept_run()


@pytest.fixture(scope="module")
def pictures(run: Recorded) -> Chart:
    return chart(run, run_view(run))


def test_the_axis_is_linear_and_has_a_few_round_ticks() -> None:
    axis = Axis(-10.0, 40.0)
    assert [axis.percent(moment_s) for moment_s in (-10.0, 0.0, 40.0, 99.0)] == [0.0, 20.0, 100.0, 100.0]
    assert [tick.text for tick in axis.ticks()] == ["-10 s", "0 s", "+10 s", "+20 s", "+30 s", "+40 s"]
    assert len(Axis(-10.0, 7200.0).ticks()) <= 8


def test_events_stand_where_they_happened(pictures: Chart) -> None:
    assert [event.text for event in pictures.events] == [
        "0.0 s: power off, ctl1", "20.0 s: power on, ctl1", "41.1 s: the cluster is whole again"]
    assert pictures.events[0].at == pytest.approx(100 * 10.0 / 51.1, abs=0.2)
    assert pictures.events[-1].at == 100.0


def test_every_fault_has_its_mark_and_its_window() -> None:
    """Those at the same moment one together."""
    run = run_of_all()
    drawn = chart(run, run_view(run))
    assert [event.text for event in drawn.events] == [
        "0.0 s: power off, ctl2; 0.2 s: power off, ctl3; 0.4 s: power off, ctl1",
        "20.0 s: power on, ctl1; 20.0 s: power on, ctl2; 20.0 s: power on, ctl3",
        "30.0 s: kill haproxy.service, ctl2", "35.0 s: start haproxy.service, ctl2",
        "41.1 s: the cluster is whole again"]
    shapes = re.findall(r'class="(fault|healing)" x="([\d.]+)"[^>]* width="([\d.]+)"', drawn.holders[0].svg)
    assert [kind for kind, _, _ in shapes] == ["fault", "healing", "fault", "healing"]
    for (_, x, width), (_, later, _) in pairwise(shapes):
        assert float(x) + float(width) == pytest.approx(float(later), abs=0.2)


def test_a_cluster_that_stays_broken_is_not_called_whole(run: Recorded) -> None:
    view = run_view(run)
    broken = replace(view, moments=replace(view.moments, whole_s=None))
    assert chart(run, broken).events[-1].text.endswith("was not seen to be whole again")


def test_every_request_is_a_bar_of_its_kind(run: Recorded, pictures: Chart) -> None:
    """Nothing is left out or thinned: as many bars as requests, the good ones apart."""
    for panel in pictures.paths:
        operations = [item for item in run.history.of(panel.name) if item.intended_s <= run.timeline.ended_s]
        drawn = {kind: shapes.count("M") for kind, shapes in
                 re.findall(r'<path class="(good|slow|unknown|failed)" d="([^"]*)"', panel.svg)}
        assert sum(drawn.values()) == len(operations)
        assert drawn["good"] == sum(good(item, run.spec.slow_s) for item in operations)
        assert f"{drawn['good']} answered in time" in panel.words


def test_bars_are_as_high_as_the_latency(pictures: Chart) -> None:
    heights = [int(y) for panel in pictures.paths for y in re.findall(rf"M[\d.]+ {HEIGHT}V(\d+)", panel.svg)]
    assert min(heights) >= TOP
    assert max(heights) <= HEIGHT
    levels = {mark.text: mark.at for mark in pictures.paths[0].scale}
    assert list(levels) == ["10 ms", "100 ms", "1 s", "10 s"]
    assert levels["10 s"] == TOP


def test_who_held_the_address_is_drawn_and_said(pictures: Chart) -> None:
    assert [panel.name for panel in pictures.holders] == ["ctl1", "ctl2", "ctl3"]
    assert ['class="held"' in panel.svg for panel in pictures.holders] == [True, True, False]
    assert "it did not say whether it holds 192.168.42.101 from" in pictures.holders[0].words
    assert pictures.holders[2].words == "ctl3 was never seen to hold 192.168.42.101"


def test_a_node_that_was_never_heard_is_drawn_as_unseen(run: Recorded) -> None:
    deaf = replace(run, samples={"ctl1": run.samples["ctl1"]})
    panel = chart(deaf, run_view(deaf)).holders[1]
    assert 'class="unseen"' in panel.svg
    assert "it did not say whether it holds" in panel.words
