"""``fournines report``: what a drill found out as a page, JSON or JUnit XML; or several runs compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fournines.cli.options import Json
from fournines.errors import FourninesError

if TYPE_CHECKING:
    from fournines.drills.recorded import Recorded
    from fournines.drills.series import Series
    from fournines.report.run_view import RunView
    from fournines.report.series_view import SeriesView


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(report)


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...",
                                               help="Folders that drills have left in `runs`.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", dir_okay=False,
                                             help="Where the page goes; without it RUN/report.html.")] = None,
    junit: Annotated[Path | None, typer.Option(
        "--junit", metavar="FILE", dir_okay=False,
        help="Also write JUnit XML: a case for each verdict, false a failure, unknown an error.")] = None,
    as_json: Json = False,
) -> int:
    """Show what drills found out: one run as a page that needs nothing else, several compared.

    Of one run the page goes into its folder; so it does of a series, with that of each of its runs. Several
    runs are compared on the screen, and with `--out` on a page.
    With `--json` nothing is written but what `--out` and `--junit` name.

    Examples: `fournines report runs/20261126T232230Z-power-off-vip-holder` ·
    `fournines report runs/one runs/two --out comparison.html`
    """
    from fournines.drills.recorded import read_run
    from fournines.drills.series import is_series
    from fournines.report.junit import junit as as_junit
    from fournines.report.run_view import run_view

    if len(runs) == 1 and is_series(runs[0]):
        return _series(runs[0], out, junit, as_json)
    recorded = [read_run(path) for path in runs]
    views = [run_view(run) for run in recorded]
    if junit is not None:
        _write(junit, as_junit(views))
    if len(recorded) > 1:
        _compare(views, out, as_json)
        return 0
    written = None if as_json and out is None else write_report(recorded[0], out)
    print(json.dumps(views[0].as_data(), indent=1) if as_json else written)
    return 0


def _series(folder: Path, out: Path | None, junit: Path | None, as_json: bool) -> int:
    from fournines.drills.series import read_series
    from fournines.report.junit import junit as as_junit
    from fournines.report.page import series_page
    from fournines.report.series_view import recorded_runs, series_view

    series = read_series(folder)
    view = series_view(series, recorded_runs(series))
    if junit is not None:
        _write(junit, as_junit(view.runs, [series]))
    if as_json:
        if out is not None:
            _write(out, series_page(view))
        print(json.dumps(view.as_data(), indent=1))
        return 0
    if out is not None:
        _write(out, series_page(view))
        print(out)
        return 0
    leave_series_report(series)
    print(folder / "report.html")
    return 0


def leave_series_report(series: Series) -> SeriesView:
    """The page of the series and that of each run in their folders, and ``junit.xml`` in that of the series;
    what they show."""
    from fournines.drills.folder import JUNIT, REPORT
    from fournines.report.junit import junit
    from fournines.report.page import series_page
    from fournines.report.series_view import recorded_runs, series_view

    recorded = recorded_runs(series)
    view = series_view(series, recorded)
    for run in recorded.values():
        write_report(run)
    _write(series.folder / REPORT, series_page(view))
    _write(series.folder / JUNIT, junit(view.runs, [series]))
    return view


def _compare(views: Sequence[RunView], out: Path | None, as_json: bool) -> None:
    from fournines.report.comparison import compare

    comparison = compare(views)
    if out is not None:
        from fournines.report.page import comparison_page

        _write(out, comparison_page(comparison))
    if as_json:
        print(json.dumps(comparison.as_data(), indent=1))
        return
    from fournines.report.comparison_view import show_comparison
    from fournines.report.console import screen

    show_comparison(screen(), comparison)
    if out is not None:
        print(out)


def write_report(run: Recorded, out: Path | None = None) -> Path:
    """The page of one run, by default in its folder; where it is."""
    from fournines.drills.folder import REPORT
    from fournines.report.page import run_page
    from fournines.report.run_view import run_view

    path = out or run.folder / REPORT
    _write(path, run_page(run, run_view(run)))
    return path


def _write(path: Path, text: str) -> None:
    """A whole file, or none."""
    from fournines.drills.folder import READABLE
    from fournines.durable import write_durably

    try:
        write_durably(path, text.encode(), READABLE)
    except OSError as problem:
        raise FourninesError(f"{path} cannot be written: {problem.strerror}",
                             hint="name a file in a directory that is there and can be written") from problem
