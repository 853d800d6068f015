"""The page: view data to one self-contained HTML file, with style and pictures inside and no script."""

from __future__ import annotations

from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fournines import __version__
from fournines.cluster.timers.timer import shown
from fournines.drills.judge import WHOLE_AGAIN
from fournines.drills.recorded import Recorded
from fournines.drills.settings import IMAGES
from fournines.report import words
from fournines.report.budget import ALLOWED_S
from fournines.report.comparison import Comparison
from fournines.report.console import count, seconds
from fournines.report.run_view import RunView
from fournines.report.series_view import SeriesView
from fournines.report.timeline_chart import chart


def run_page(run: Recorded, view: RunView) -> str:
    """The report of one run."""
    components: dict[str, list[object]] = {}
    for timer in view.timers:
        components.setdefault(timer.name.partition(".")[0], []).append(timer)
    return _environment().get_template("run.html").render(
        view=view, chart=chart(run, view), components=components,
        rows=[path.row for path in view.paths])


def comparison_page(comparison: Comparison) -> str:
    """Several runs side by side."""
    return _environment().get_template("comparison.html").render(comparison=comparison)


def series_page(view: SeriesView) -> str:
    """A series: one line for each drill, with a link to its run's page, and each drill's figures."""
    return _environment().get_template("series.html").render(view=view)


@cache
def _environment() -> Environment:
    found = Environment(loader=PackageLoader("fournines.report", "assets"), autoescape=True,
                        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    style = resources.files("fournines.report").joinpath("assets/style.css").read_text(encoding="utf-8")
    found.globals.update(
        style=Markup(style), version=__version__, allowed_s=ALLOWED_S,  # noqa: S704 - our own file
        promise=words.PROMISE, answer=words.ANSWER, kind=words.STYLE, headline=words.HEADLINE, count=count,
        series_headline=words.SERIES_HEADLINE, shows=words.shows,
        served_again=words.served_again, redundant=words.redundant,
        bounds=words.bounds, lost=words.lost, whole_again=WHOLE_AGAIN, uploads=IMAGES)
    found.filters.update(seconds=seconds, at_most=words.at_most, share=words.share, times=words.times,
                         moment=words.moment, shown=lambda value_s: shown(round(value_s, 3)))
    return found
