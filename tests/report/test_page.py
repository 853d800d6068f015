"""The page itself: whole in one file, and opened by a real browser."""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread

import pytest
from markupsafe import escape

from fournines.drills.recorded import read_run
from fournines.drills.verdict import Verdict
from fournines.report.comparison import compare
from fournines.report.page import comparison_page, run_page
from fournines.report.run_view import run_view
from recorded_runs import BROKEN, fenced_run, kept_run, run_of_all

BROWSER = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
           "--hide-scrollbars", "--disable-background-networking", "--disable-component-update",
           "--disable-sync", "--enable-logging=stderr", "--log-level=0")
OF_THE_BROWSER = re.compile(r"(http://)?(accounts\.google\.com|clients\d?\.google\.com|update\.googleapis\.com)[:/]")
"""What it asks for by itself, whatever it is shown; here it only ever asks our proxy."""


@pytest.fixture(scope="module")
def page() -> str:
    run = kept_run()
    return run_page(run, run_view(run))


class Outline(HTMLParser):
    """Headings, tables and pictures of a page, and tags that were never closed."""

    VOID = ("meta", "br", "img", "input", "hr", "link")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[int] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.wrong: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def pages() -> Iterator[tuple[str, str]]:
    runs = [kept_run(), read_run(BROKEN)]
    for run in runs:
        yield run.name, run_page(run, run_view(run))
    yield "all", run_page(run_of_all(), run_view(run_of_all()))
    yield "fenced", run_page(fenced_run(), run_view(fenced_run()))
    yield "comparison", comparison_page(compare([run_view(run) for run in runs]))


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in pages()])
def test_the_markup_is_whole_and_readable_by_machines(text: str) -> None:
    outline = Outline(text)
    assert (outline.wrong, outline.open) == ([], [])
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(outline.headings))
    assert all(attributes.get("scope") for tag, attributes in outline.tags if tag == "th")
    names = [attributes for tag, attributes in outline.tags if attributes.get("role") == "img"]
    assert all(attributes.get("aria-label") for attributes in names)
    assert ("html", {"lang": "en"}) in outline.tags
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in pages()])
def test_nothing_is_fetched_and_nothing_is_run(text: str) -> None:
    outline = Outline(text)
    assert not {tag for tag, _ in outline.tags} & {"script", "link", "img", "iframe", "object"}
    assert not [name for _, attributes in outline.tags for name in attributes if name in ("src", "href")]
    assert "url(" not in text
    assert "@import" not in text


def test_it_says_the_verdict_first_and_everything_in_words(page: str) -> None:
    for said in ("The promise was kept.", "3.35 s", "Of 1220 acknowledged writes, none was lost.",
                 "whole again 20.9 s after the undo", "52.6 minutes a year", "as predicted",
                 "ctl2: seen to hold it from 0.6 s after the fault", "database crash",
                 "Unflushed disk writes survive the power loss", "seen to within 0.10 s"):
        assert said in page, said
    for timer in run_view(kept_run()).timers:
        assert escape(timer.formula) in page
        assert escape(timer.because) in page


def test_a_broken_promise_is_said_with_its_reason() -> None:
    run = read_run(BROKEN)
    text = run_page(run, run_view(run))
    assert "The promise was broken." in text
    assert "AMQP publish recovers within 5 s: a gap of at least 5.20 s and at most 5.41 s." in text


def test_what_pacemaker_did_is_told_where_it_runs(page: str) -> None:
    run = fenced_run()
    text = run_page(run, run_view(run))
    assert "What the cluster did meanwhile" in text
    for step in run.result.steps:
        assert f"{step.what} on {step.node} from {step.began_s:.1f} to {step.ended_s:.1f} s" in text
        assert f'data-label="Took">{step.ended_s - step.began_s:.1f} s<' in text
    assert text.count('class="step"') == len(run.result.steps)
    assert "What the cluster did meanwhile" not in page


def test_every_fault_is_on_the_page(page: str) -> None:
    text = " ".join(run_page(run := run_of_all(), run_view(run)).split())
    assert ("This run broke 4 things: power off on ctl2, power off on ctl3, power off on ctl1, "
            "kill haproxy.service on ctl2.") in text
    assert "<li>power off on another node: there is none.</li>" in text
    assert text.count('<th role="rowheader" scope="row">power off</th>') == 3
    assert "With kernels of their own, on one computer: ctl1, ctl2, ctl3." in text
    assert "DRBD and a watchdog are not there" not in text
    assert "This run broke one thing once: power off on ctl1." in " ".join(page.split())


def test_unknown_is_said_to_be_unknown() -> None:
    run = kept_run()
    view = replace(run_view(run), verdict=Verdict("x", None, "nobody looked"))
    text = run_page(run, view)
    assert "Whether the promise was kept is not known." in text
    assert "The promise was kept." not in text


def test_what_was_recorded_is_never_taken_for_markup() -> None:
    run = kept_run()
    evil = '<script>alert("x")</script>'
    view = run_view(run)
    view = replace(view, summary=evil, target=evil, notes=(evil,), nodes=(*view.nodes, evil),
                   verdicts=(*view.verdicts, Verdict(evil, False, evil, (evil,))),
                   paths=(replace(view.paths[0], errors={evil: 1}), *view.paths[1:]))
    assert "<script" not in run_page(run, view)


def test_a_page_stays_small(page: str) -> None:
    assert len(page.encode()) < 200_000


class Asked(BaseHTTPRequestHandler):
    """Notes every request."""

    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(self.path)
        self.send_error(404)

    do_CONNECT = do_GET   # how a browser asks a proxy for https

    def log_message(self, *_: object) -> None:
        """Not on the screen of the tests."""


@contextmanager
def proxy() -> Iterator[tuple[int, list[str]]]:
    """A proxy that a browser is told to use for everything: whatever it fetches is seen here."""
    handler = type("Handler", (Asked,), {"seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], handler.seen
    finally:
        server.shutdown()
        server.server_close()


def browse(browser: str, page: Path, home: Path, *options: str) -> tuple[str, str, list[str]]:
    """What it printed, what it complained of, and what it asked the network for."""
    with proxy() as (port, asked):
        done = subprocess.run(
            [browser, *BROWSER, f"--user-data-dir={home}", f"--proxy-server=http://127.0.0.1:{port}",
             "--proxy-bypass-list=<-loopback>", *options, page.as_uri()],
            capture_output=True, text=True, timeout=120, check=True)
    complaints = "\n".join(line for line in done.stderr.splitlines() if ":CONSOLE" in line)
    return done.stdout, complaints, [item for item in asked if not OF_THE_BROWSER.match(item)]


@pytest.mark.tool("chromium", "chromium")
@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in pages()])
def test_a_browser_shows_it_whole(tool: str, tmp_path: Path, text: str) -> None:
    """No complaint on the console, no request, every row of every table is in what it built."""
    path = tmp_path / "report.html"
    path.write_text(text, encoding="utf-8")
    dom, complaints, asked = browse(tool, path, tmp_path / "profile", "--dump-dom")
    assert (complaints, asked) == ("", [])
    for tag in ("tr", "svg", "h2", "li"):
        assert dom.count(f"<{tag}") == text.count(f"<{tag}")


@pytest.mark.tool("chromium", "chromium")
def test_the_browser_would_have_told(tool: str, tmp_path: Path) -> None:
    """The check above can fail: a page that asks for something and has a faulty script is found out."""
    path = tmp_path / "bad.html"
    path.write_text('<script>nothing.at.all()</script><img src="http://192.0.2.1/picture.png">'
                    '<img src="https://192.0.2.2/picture.png">')
    _, complaints, asked = browse(tool, path, tmp_path / "profile", "--dump-dom")
    assert "nothing is not defined" in complaints
    assert sorted(asked) == ["192.0.2.2:443", "http://192.0.2.1/picture.png"]


@pytest.mark.tool("chromium", "chromium")
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen(tool: str, tmp_path: Path, page: str, width: int) -> None:
    """Measured by the browser: the page in a frame of that width, which says how wide its content is."""
    (tmp_path / "report.html").write_text(page, encoding="utf-8")
    frame = tmp_path / "frame.html"
    frame.write_text(
        f'<iframe id="f" src="report.html" style="width:{width}px;height:900px;border:0"></iframe>'
        '<p id="p"></p>'
        '<script>onload = () => { const d = f.contentDocument.documentElement;'
        ' p.textContent = `${d.scrollWidth} of ${d.clientWidth}`; }</script>')
    dom, _, _ = browse(tool, frame, tmp_path / "profile", "--allow-file-access-from-files", "--dump-dom")
    assert f'<p id="p">{width} of {width}</p>' in dom


@pytest.mark.tool("chromium", "chromium")
def test_a_picture_of_it_is_not_blank(tool: str, tmp_path: Path, page: str) -> None:
    path, picture = tmp_path / "report.html", tmp_path / "page.png"
    path.write_text(page, encoding="utf-8")
    browse(tool, path, tmp_path / "profile", "--window-size=390,844", f"--screenshot={picture}")
    data = picture.read_bytes()
    width, height = struct.unpack(">II", data[16:24])
    assert height == 844
    assert width >= 390      # chromium makes no window narrower than it likes
    assert len(data) > 20_000   # one colour compresses to next to nothing
