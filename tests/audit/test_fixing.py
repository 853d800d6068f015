"""Corrections: each diff is applied by ``patch`` to real files, which are audited again."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fournines import cli
from fournines.audit.change import Append, Below, Draft, Remove, Swap, new_value, without_word
from fournines.audit.collect import collect
from fournines.audit.fixing import Fixes, fixes
from fournines.audit.judge import Audit, judge
from fournines.report.fix_view import fixes_text

from .faults import FAULTS
from .planting import PATHS, Fault, cloud, unmarked

FIXED = frozenset((
    "COR001", "COR002", "COR003", "COR005", "COR006", "COR007", "COR008", "COR012", "COR015", "COR020",
    "DRB001", "DRB004", "DRB005", "DRB006", "DRB007", "FSY001", "GAL005", "GAL006", "HAP001", "HAP006",
    "KAD002", "KAD007", "MAP002", "NEU001", "NEU002", "NEU004", "NOV001", "OSL002", "OSL006", "OSL008",
    "OSL013", "PCM003", "PCM007", "PCM008", "PCM013", "PCM014", "PCM020", "PCM023", "PCM028", "RMQ002",
    "RMQ008", "RMQ010", "FSY002", "TIM001"))
"""The rules that are certain of a corrected text, at least in some of the places that they find."""


def corrected(texts: Mapping[str, str]) -> Fixes:
    files = cloud(texts)
    return fixes(files, judge(files))


def on_disc(texts: Mapping[str, str], below: Path) -> None:
    for name, text in texts.items():
        node, _, kind = name.rpartition(" ")
        path = below / (node or "ctl1") / PATHS[kind].lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def kinds(audit: Audit) -> Counter[tuple[str, str, str]]:
    return Counter((verdict.rule.id, verdict.severity, verdict.place.file) for verdict in audit.open)


def patched(texts: Mapping[str, str], below: Path) -> None:
    """The files on disc, what ``patch`` makes of them with what is printed, and an audit of that."""
    on_disc(texts, below)
    with chdir(below):
        found = collect([Path()])
        before = judge(found)
        said = fixes(found, before)
        if said.files:
            subprocess.run(["patch", "-p0", "--batch", "--fuzz=0"], input=fixes_text(said).encode(),
                           check=True, capture_output=True)
        after = kinds(judge(collect([Path()])))
    ended = Counter((verdict.rule.id, verdict.severity, verdict.place.file)
                    for each in said.files for verdict in each.ends)
    assert not after - (kinds(before) - ended)
    assert len(said.by_hand) + ended.total() == len(before.open)


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{number}-{fault.rule}"
                                               for number, fault in enumerate(FAULTS)])
def test_patch_applies_what_is_printed_and_the_findings_are_gone(fault: Fault, tmp_path: Path) -> None:
    patched(unmarked(fault.broken), tmp_path)


def test_the_rules_that_are_certain_end_what_they_find() -> None:
    ended = {verdict.rule.id for fault in FAULTS for each in corrected(unmarked(fault.broken)).files
             for verdict in each.ends if verdict.change is not None and verdict.rule.id == fault.rule}
    assert ended == FIXED


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_changed_faults_are_corrected_or_left_and_never_made_worse(data: st.DataObject) -> None:
    planted = unmarked(data.draw(st.sampled_from(FAULTS)).broken)
    name = data.draw(st.sampled_from(sorted(planted)))
    words = planted[name].split(" ")
    position = data.draw(st.integers(0, len(words) - 1))
    words[position] = data.draw(st.one_of(st.sampled_from(words), st.sampled_from(("", "#", "\\", "}", "{"))))
    with TemporaryDirectory() as below:
        patched({**planted, name: " ".join(words)}, Path(below))


def test_no_secret_is_printed_and_a_line_with_one_is_left() -> None:
    said = corrected({"nova": "[database]\nconnection = mysql://nova:8e1d@10.0.0.1/nova\n",
                      "crm": 'primitive a ocf:heartbeat:apache params os_password="8e1d" '
                             'op monitor interval=10s timeout=1s on-fail=ignore\n'})
    assert "max_retries = -1" in fixes_text(said)      # below the line with the password
    assert "8e1d" not in fixes_text(said)
    assert "PCM008" in {verdict.rule.id for verdict in said.by_hand}


def test_pacemakers_own_file_is_left_alone() -> None:
    texts = {"cib": '<cib><configuration><crm_config><cluster_property_set id="p">\n'
                    '<nvpair id="q" name="no-quorum-policy" value="ignore"/>\n'
                    '</cluster_property_set></crm_config></configuration></cib>'}
    said = corrected(texts)
    assert not said.files
    assert "PCM003" in {verdict.rule.id for verdict in said.by_hand}


def test_what_would_bring_another_finding_is_left_by_hand() -> None:
    """A check that only connects is no check of an API (HAP002), so HAP001 is not corrected by one."""
    said = corrected({"haproxy": "listen keystone\n bind 10.0.0.9:5000\n mode http\n"
                                 " server a 10.0.0.1:5000\n server b 10.0.0.2:5000\n"})
    assert "HAP001" in {verdict.rule.id for verdict in said.by_hand}


def test_a_text_that_is_not_what_was_thought_is_not_changed() -> None:
    draft = Draft("a = 1  # b\nproperty x=1\nkeep {\n inner\n}\nlast")
    assert not draft.make(1, Append("c"))                 # it would be part of the comment
    assert not draft.make(1, new_value("a", "2", "3"))
    assert not draft.make(9, Remove())
    assert draft.text == "\n".join(draft.original)
    assert draft.make(1, new_value("a", "1", "3"))
    assert draft.make(2, without_word("x", "1"))          # and nothing is left of the statement
    assert draft.make(3, Remove(block=True))
    assert not draft.make(4, Swap("inner", "outer"))      # which went with its block
    assert draft.make(0, Below(("end",)))
    assert draft.text == "a = 3  # b\nlast\nend\n"


def test_the_end_of_a_continued_statement_stays() -> None:
    draft = Draft("property a=1 \\\n b=2 \\\n c=3\nprimitive p Dummy\n")
    assert draft.make(2, without_word("b", "2"))
    assert draft.make(3, without_word("c", "3"))
    assert draft.text == "property a=1 \\\n\nprimitive p Dummy\n"


def test_the_command_prints_and_writes_nothing(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    on_disc({"rabbitmq": "heartbeat = 0\nnet_ticktime = 20\ndisk_free_limit.absolute = 2GB\n"}, tmp_path)
    monkeypatch.chdir(tmp_path)
    path = Path("ctl1/etc/rabbitmq/rabbitmq.conf")
    assert cli.run(["audit", "ctl1", "--fix"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"# RMQ010 {path}:1: heartbeats are off", f"--- {path}", f"+++ {path}", "@@ -1 +1 @@",
        "-heartbeat = 0", "+heartbeat = 60",
        "# 1 finding ended by changes of 1 file, 0 by hand; nothing was written"]
    assert path.read_text().startswith("heartbeat = 0\n")
    assert cli.run(["audit", "ctl1", "--fix", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [each["file"] for each in said["files"]] == [str(path)]
    assert said["by_hand"] == []


def test_a_cluster_file_is_corrected_in_the_cluster_file(capsys: pytest.CaptureFixture[str]) -> None:
    example = Path(__file__).parents[2] / "examples" / "three-controllers.yaml"
    assert cli.run(["audit", str(example), "--fix"]) == 1
    assert "is corrected in the cluster file" in capsys.readouterr().err
