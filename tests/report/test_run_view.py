"""What a report of a run says, as values."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from fournines.drills.operation import Outcome
from fournines.drills.recorded import read_run
from fournines.drills.result import Row
from fournines.drills.settings import IMAGES
from fournines.drills.verdict import Verdict
from fournines.report.budget import ALLOWED_S, Cost
from fournines.report.page import run_page
from fournines.report.run_view import RunView, run_view
from fournines.report.timeline_chart import chart
from fournines.report.untested import Elsewhere
from fournines.report.words import at_most, bounds, lost, moment, share, times
from recorded_runs import BROKEN, KEPT, kept_run, run_of_all


@pytest.fixture(scope="module")
def view() -> RunView:
    return run_view(kept_run())


def test_times_count_from_the_fault(view: RunView) -> None:
    assert (view.moments.began_s, view.moments.healed_s) == pytest.approx((-10.0, 20.0), abs=0.1)
    assert view.moments.whole_s == pytest.approx(41.1, abs=0.1)


def test_the_address_moves_from_one_holder_to_the_next(view: RunView) -> None:
    first, second = view.held
    assert (first.node, second.node) == ("ctl1", "ctl2")
    assert first.end_s == pytest.approx(0.0, abs=0.15)
    assert 0.5 < second.start_s < 1.0
    assert second.end_s > view.moments.healed_s


def test_the_longest_gap_may_be_that_on_return(view: RunView) -> None:
    assert view.worst is not None
    assert view.worst.row.path == "SQL, new connection"
    assert view.worst.longest == pytest.approx((2.0, 3.352), abs=0.001)


def test_all_gaps_of_a_path_cost(view: RunView) -> None:
    path = view.paths[0]
    assert [gap.on_return for gap in path.gaps] == [False, True]
    assert path.cost.upper_s == pytest.approx(path.row.gap_upper_s + path.row.return_upper_s, abs=0.001)
    assert path.cost.lower_s == pytest.approx(3.4, abs=0.001)


def test_errors_are_counted_by_their_class(view: RunView) -> None:
    publisher = next(path for path in view.paths if path.row.path == "AMQP publish")
    assert publisher.errors == {"connection lost": 7, "not connected": 1}


def test_every_path_has_its_prediction_and_every_timer_its_reason(view: RunView) -> None:
    assert view.no_derivation == ""
    assert all(path.prediction is not None and path.prediction.waits for path in view.paths)
    assert all(timer.formula and timer.because for timer in view.timers)


def test_timers_of_another_derivation_are_values_only() -> None:
    run = kept_run()
    view = run_view(replace(run, spec=replace(run.spec, timers={"vrrp.advert_int": "7 s"})))
    (timer,) = view.timers
    assert (timer.name, timer.value, timer.formula) == ("vrrp.advert_int", "7 s", "")
    assert view.no_derivation
    assert all(path.prediction is None for path in view.paths)


def test_what_was_not_tested_is_everything_else(view: RunView) -> None:
    faults = [item.fault for item in view.untested.not_injected]
    assert "node power loss" not in faults
    assert {"silent drop", "database crash", "API hang"} <= set(faults)
    assert view.untested.elsewhere == (Elsewhere("power off", ("ctl2", "ctl3")),)
    assert view.untested.unwatched == ("image data", "any other connection")


def test_of_several_faults_each_is_told_and_none_was_not_tested() -> None:
    view = run_view(run_of_all())
    assert [(deed.what, deed.target) for deed in view.deeds] == [
        ("power off", "ctl2"), ("power off", "ctl3"), ("power off", "ctl1"), ("kill haproxy.service", "ctl2")]
    assert [round(deed.undone_s) for deed in view.deeds] == [20, 20, 20, 35]
    assert view.hit == ("ctl2", "ctl3", "ctl1")
    assert view.untested.elsewhere == (Elsewhere("power off", ()),
                                       Elsewhere("kill haproxy.service", ("ctl1", "ctl3")))
    assert view.as_data()["deeds"][0]["target"] == "ctl2"   # type: ignore[index]


def test_a_cluster_that_was_not_seen_whole_has_no_such_moment() -> None:
    run = kept_run()
    verdicts = tuple(replace(item, truth=None) if item.question == "the cluster becomes whole again" else item
                     for item in run.result.verdicts)
    assert run_view(replace(run, result=replace(run.result, verdicts=verdicts))).moments.whole_s is None


def test_it_is_plain_data_for_programs(view: RunView) -> None:
    data = json.loads(json.dumps(view.as_data(), allow_nan=False))
    assert data["verdict"]["truth"] == "true"
    assert data["paths"][0]["row"]["truth"] == "true"
    assert data["paths"][0]["cost"]["times_a_year"] > 100
    assert data["paths"][0]["prediction"]["agreement"] == "as predicted"


def test_a_gap_without_an_end_is_null_for_programs() -> None:
    run = kept_run()
    dead = replace(run.history, operations=tuple(
        item for item in run.history.operations if item.intended_s < run.timeline.injected_s + 1.0))
    view = run_view(replace(run, history=dead))
    assert any(math.isinf(path.cost.upper_s) for path in view.paths)
    json.dumps(view.as_data(), allow_nan=False)


def test_an_upload_may_take_as_long_as_its_three_requests() -> None:
    run = kept_run()
    row = replace(run.result.rows[0], path=IMAGES)
    uploads = tuple(replace(item, path=IMAGES, done_s=item.intended_s + 2.0, outcome=Outcome.OK)
                    for item in run.history.of(run.result.rows[0].path))
    slower = replace(run, result=replace(run.result, rows=(row,)),
                     history=replace(run.history, operations=uploads))
    view = run_view(slower)
    assert view.paths[0].gaps == ()
    assert "0 answered too late" in chart(slower, view).paths[0].words
    assert "it is three requests" in run_page(slower, view)
    assert "it is three requests" not in run_page(run, run_view(run))


def test_a_broken_promise_names_the_path() -> None:
    view = run_view(read_run(BROKEN))
    assert view.verdict.truth is False
    assert [path.row.path for path in view.paths if path.row.truth is False] == ["AMQP publish"]
    assert view.worst is not None
    assert view.worst.row.path == "AMQP publish"


def test_the_year_has_52_minutes_and_a_half() -> None:
    assert pytest.approx(52.6, abs=0.01) == ALLOWED_S / 60
    assert Cost(2.0, 3.6).times_a_year == 876
    assert Cost(0.0, 0.0).times_a_year is None
    assert Cost(1.0, math.inf).times_a_year is None


@pytest.mark.parametrize(("said", "expected"), [
    (bounds(0.0, 0.0), "none seen"), (bounds(1.4, 2.584), "1.40 to 2.58 s"),
    (bounds(7.0, math.inf), "at least 7.00 s, no end seen"), (at_most(math.inf), "no end seen"),
    (share(Cost(0.0, ALLOWED_S / 400)), "0.25 %"), (share(Cost(1.0, math.inf)), "not known"),
    (times(Cost(1.0, math.inf)), "not known"), (times(Cost(0.0, 0.0)), "no limit seen"),
    (moment(-0.04), "0.0 s before the fault"), (moment(0.62), "0.6 s after the fault")])
def test_how_it_is_said(said: str, expected: str) -> None:
    assert said == expected


def written(*lost_of_path: int | None) -> Sequence[Row]:
    return [Row(f"path {number}", 0, 0, 0, 0, 0.1, 10, 0, 0, 0, 10, value, None)
            for number, value in enumerate(lost_of_path)]


@pytest.mark.parametrize(("rows", "expected"), [
    ([], "Nothing was written."),
    (written(0, 0), "Of 20 acknowledged writes, none was lost."),
    (written(1, 0), "Of 20 acknowledged writes, 1 was lost."),
    (written(3, None), "Of 20 acknowledged writes, 3 were lost; not every path could be read back."),
    (written(0, None),
     "Of 20 acknowledged writes, none is known to be lost, but these could not be read back: path 1.")])
def test_unknown_is_never_called_kept(rows: Sequence[Row], expected: str) -> None:
    assert lost(rows) == expected


def test_a_note_of_the_folder_reaches_the_report() -> None:
    assert run_view(replace(read_run(KEPT), notes=("mind this",))).notes == ("mind this",)


def test_verdicts_are_those_of_the_run_and_not_made_anew(view: RunView) -> None:
    assert view.verdicts == read_run(KEPT).result.verdicts
    assert Verdict("never two owners of 192.168.42.101", True, "seen to within 0.10 s") in view.verdicts
