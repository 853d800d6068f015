"""What is kept of a run that went wrong."""

from __future__ import annotations

from pathlib import Path

from fournines.blueprint.requests import Failed, Run
from fournines.drills.folder import RunFolder
from fournines.drills.postmortem import in_order, journal_questions, keep_journals
from fournines.nodes.fake import FakeNode


def said(text: str) -> dict[str, object]:
    return {"rc": 0, "stdout": text, "stderr": ""}


def test_entries_of_several_engines_are_one_story() -> None:
    corosync = said("2026-11-28T11:32:57.1+0000 corosync[8]: a token was lost\n"
                    "2026-11-28T11:32:59.1+0000 corosync[8]: a new membership\n")
    mariadb = said("2026-11-28T11:32:58.0+0000 mariadbd[9]: View:\n  id: 5\n  status: primary\n")
    assert in_order([corosync, Failed("no journal here"), mariadb]) == (
        "2026-11-28T11:32:57.1+0000 corosync[8]: a token was lost\n"
        "2026-11-28T11:32:58.0+0000 mariadbd[9]: View:\n  id: 5\n  status: primary\n"
        "2026-11-28T11:32:59.1+0000 corosync[8]: a new membership\n")


def test_a_cut_first_line_is_kept_where_it_is() -> None:
    assert in_order([said("rest of a line\n2026-11-28T11:32:57.1+0000 a: b\n")]) == (
        "2026-11-28T11:32:57.1+0000 a: b\nrest of a line\n")


def test_each_engine_has_its_own_room() -> None:
    """An answer has the last 64 KiB; what Galera says of a transfer must not push Corosync out."""
    questions = journal_questions(90.0)
    assert all("--since=-90s" in question.argv for question in questions)
    assert all(not {"--boot", "-b"} & set(question.argv) for question in questions)   # the boot before
    patterns = [word for question in questions for word in question.argv if word.startswith("--unit=")]
    assert len(patterns) == len(set(patterns))


async def test_journals_of_who_answers_and_why_of_who_does_not(tmp_path: Path) -> None:
    here, away = FakeNode("ctl1"), FakeNode("ctl2", unreachable="no route to host")
    here.script(Run, said("2026-11-28T11:32:57.1+0000 corosync[8]: a token was lost\n"))
    folder = RunFolder.create(tmp_path, "power-off-vip-holder")
    await keep_journals({"ctl1": here, "ctl2": away}, folder, 30.0)
    assert "a token was lost" in (folder.path / "journal-ctl1.log").read_text()
    assert (folder.path / "journal-ctl2.log").read_text() == "ctl2: no route to host\n"
    assert (folder.path / "journal-ctl1.log").stat().st_mode & 0o777 == 0o600
