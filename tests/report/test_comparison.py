from __future__ import annotations

import json
import math
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from fournines.drills.recorded import read_run
from fournines.report.comparison import compare, percentile
from fournines.report.comparison_view import show_comparison
from fournines.report.page import comparison_page
from fournines.report.run_view import RunView, run_view
from recorded_runs import BROKEN, KEPT


@pytest.fixture(scope="module")
def views() -> tuple[RunView, RunView]:
    return run_view(read_run(KEPT)), run_view(read_run(BROKEN))


def test_each_path_has_its_longest_gap_of_every_run(views: tuple[RunView, RunView]) -> None:
    (group,) = compare(views).groups
    assert (group.kept(True), group.kept(False), group.kept(None)) == (1, 1, 0)
    names = [path.path for path in group.paths]
    column = names.index("AMQP publish")
    cells = [run.cells[column] for run in group.runs]
    assert [round(cell.longest_s, 2) for cell in cells if cell] == [1.11, 5.41]
    publisher = group.paths[column]
    assert (publisher.median_s, publisher.worst_s) == pytest.approx((3.26, 5.41), abs=0.01)
    assert (publisher.failed, publisher.unknown, publisher.lost) == (3, 58, 0)
    assert group.paths[names.index("TCP connect")].lost is None


def test_runs_of_different_drills_are_never_put_into_one_figure(views: tuple[RunView, RunView]) -> None:
    groups = compare([views[0], replace(views[1], drill="freeze")]).groups
    assert {group.drill: len(group.runs) for group in groups} == {"power-off-vip-holder": 1, "freeze": 1}


def test_a_path_that_a_run_did_not_have_is_not_counted_as_good(views: tuple[RunView, RunView]) -> None:
    shorter = replace(views[0], paths=views[0].paths[1:])
    (group,) = compare([views[1], shorter]).groups
    assert group.runs[1].cells[0] is None
    assert group.paths[0].median_s == views[1].paths[0].longest[1]


def endless(view: RunView) -> RunView:
    first, *others = view.paths
    row = replace(first.row, gap_upper_s=math.inf, lost=None, truth=None)
    return replace(view, paths=(replace(first, row=row), *others))


def test_a_gap_without_an_end_is_the_worst_and_null_for_programs(views: tuple[RunView, RunView]) -> None:
    comparison = compare([endless(views[0]), views[1]])
    summary = comparison.groups[0].paths[0]
    assert summary.worst_s == math.inf
    assert (summary.lost, summary.unread) == (0, 1)
    data = json.loads(json.dumps(comparison.as_data(), allow_nan=False))
    assert data["drills"][0]["paths"][0]["worst_s"] is None
    assert data["drills"][0]["runs"][1]["truth"] == "false"
    assert "no end seen" in comparison_page(comparison)
    assert "not read back in 1 run" in comparison_page(comparison)


def test_it_fits_on_a_screen(views: tuple[RunView, RunView]) -> None:
    out = StringIO()
    console = Console(file=out, markup=False, highlight=False, width=140, color_system=None)
    show_comparison(console, compare(views))
    lines = [" ".join(line.split()) for line in out.getvalue().splitlines()]
    assert lines[0] == "power-off-vip-holder 2 runs; the promise: kept 1, broken 1, unknown 0"
    assert "20261126T231159Z ctl1 broken 2.65 s 5.41 s 2.85 s 0.60 s 0.76 s 1.40 s" in lines
    assert any(line.startswith("broken: 20261126T231159Z: AMQP publish recovers") for line in lines)
    assert "SQL, standing connection 2.91 s 3.17 s 3.17 s 2 0 0" in lines
    shows = " ".join(lines[-2:])
    assert "1 good of 2 runs shows with 95 % confidence that at least 2.5 % of such failures go well" in shows
    assert shows.endswith("takes 29956 good ones in a row. Flake rate 50 %.")


def test_the_percentile_is_a_figure_that_was_measured() -> None:
    assert percentile([float(n) for n in range(1, 21)], 0.95) == 19.0
    assert percentile([3.0, 1.0], 0.95) == 3.0
    assert percentile([1.0, math.inf], 0.5) == 1.0
