from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fournines.engine.events import ActionBegan, ActionDone, ActionFailed, ApplyBegan, ApplyEnded, Event
from fournines.engine.journal import Journal, last_run
from fournines.engine.lock import only_one
from fournines.errors import FourninesError, Refused

BEGAN = ApplyBegan("demo", 2)
ENDED = ApplyEnded("done", 1.5, 2, 0, 0, 0)
FIRST = ActionBegan("store: start", "ctl1", "it is down")
SECOND = ActionBegan("store: start", "ctl2", "it is down")
FIRST_DONE = ActionDone("store: start", "ctl1", 0.5)


def write(state: Path, *events: Event) -> Path:
    with Journal(state) as book:
        for event in events:
            book.write(event)
    return book.path


def test_each_event_is_a_line_with_its_time(tmp_path: Path) -> None:
    path = write(tmp_path, BEGAN, ENDED)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["ApplyBegan", "ApplyEnded"]
    assert lines[0]["at"].endswith("+00:00")


def test_journals_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "new", BEGAN)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_nothing_is_resumed_after_an_apply_that_was_done(tmp_path: Path) -> None:
    assert last_run(tmp_path) is None
    write(tmp_path, BEGAN, FIRST, FIRST_DONE, ENDED)
    run = last_run(tmp_path)
    assert run is not None
    assert (run.outcome, run.resumes) == ("done", "")


def test_nor_after_one_that_left_a_cluster_that_is_not_whole(tmp_path: Path) -> None:
    write(tmp_path, BEGAN, FIRST, FIRST_DONE, ApplyEnded("not whole", 1.5, 2, 0, 0, 0, ("a member is away",)))
    run = last_run(tmp_path)
    assert run is not None
    assert (run.outcome, run.resumes) == ("not whole", "")


def test_a_killed_apply_says_what_was_under_way(tmp_path: Path) -> None:
    write(tmp_path, BEGAN, ENDED)
    path = write(tmp_path, BEGAN, FIRST, SECOND, FIRST_DONE)
    with path.open("a") as file:
        file.write('{"at": "2026-11-22T20:')   # the power went in the middle of a line
    run = last_run(tmp_path)
    assert run is not None
    assert run.resumes.endswith("was not completed (killed) during: store: start on ctl2")


def test_a_failed_apply_says_where(tmp_path: Path) -> None:
    write(tmp_path, BEGAN, FIRST, ActionFailed("store: start", "ctl1", "no space", "make room"),
          ApplyEnded("failed", 1.0, 0, 0, 1, 1))
    run = last_run(tmp_path)
    assert run is not None
    assert "(failed) during: store: start on ctl1" in run.resumes


def test_a_directory_that_cannot_be_written_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file")
    with pytest.raises(FourninesError, match="journal"):
        write(tmp_path, BEGAN)


def test_an_apply_that_is_refused_at_once_leaves_no_journal(tmp_path: Path) -> None:
    write(tmp_path)
    assert not (tmp_path / "journal").exists()


HOLDER = """
import sys
from pathlib import Path
from fournines.engine.lock import only_one
with only_one(Path(sys.argv[1]), "apply of demo"):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_second_run_is_refused_and_told_who_holds_the_lock(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Refused, match=f"apply of demo by .* process {other.pid}, since "), \
                only_one(tmp_path, "a second apply"):
            pytest.fail("two at a time")
        other.stdin.close()
    with only_one(tmp_path, "a second apply"):
        assert json.loads((tmp_path / "lock").read_text())["pid"] == os.getpid()
