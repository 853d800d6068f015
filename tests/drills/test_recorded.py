"""Run folders read back: real ones, and every way in which one can be broken."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fournines.drills.checkers import gaps
from fournines.drills.checkers.gaps import measure
from fournines.drills.recorded import OLD_RUN, ONLY_FIRST, STILL_BROKEN, read_run
from fournines.errors import DrillError
from recorded_runs import BROKEN, KEPT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(KEPT, tmp_path / KEPT.name))


def test_a_recorded_run() -> None:
    run = read_run(KEPT)
    assert run.name == "20261126T232230Z-power-off-vip-holder"
    assert (run.result.target, run.spec.address, run.spec.act) == ("ctl1", "192.168.42.101", "power_off")
    assert [node.name for node in run.spec.cluster.controllers] == ["ctl1", "ctl2", "ctl3"]
    assert run.result.verdict.truth is True
    assert len(run.result.verdicts) == 12
    assert run.notes == (OLD_RUN,)
    assert run.spec.machines is None
    (deed,) = run.deeds
    assert (deed.what, deed.undo, deed.target) == ("power off", "power on", "ctl1")
    assert (deed.injected_s, deed.undone_s) == (run.timeline.injected_s, run.timeline.healed_s)
    assert read_run(BROKEN).result.verdict.truth is False


@pytest.mark.parametrize("path", [KEPT, BROKEN], ids=lambda path: path.name)
def test_the_inferred_times_give_the_gaps_that_were_judged(path: Path,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner knew the true times: only with nearly those does the history yield the same gaps, counted as
    they were then: by one good answer."""
    monkeypatch.setattr(gaps, "SERVED_AGAIN", 1)
    run = read_run(path)
    for row in run.result.rows:
        measured = measure(run.history.of(row.path), run.timeline, run.spec.slow_s)
        gap_s = measured.gap.lower_s if measured.gap else 0.0
        return_s = measured.return_gap.lower_s if measured.return_gap else 0.0
        assert gap_s == pytest.approx(row.gap_lower_s, abs=0.001)
        assert return_s == pytest.approx(row.return_lower_s, abs=0.001)
        assert (measured.failed, measured.unknown, measured.slow) == (row.failed, row.unknown, row.slow)


def test_a_timeline_with_clocks_is_taken_as_it_is(folder: Path) -> None:
    """The second session of ctl1 has a clock that starts anew; that of ctl3 could never be compared."""
    times = {"began_s": 2148.6, "injected_s": 2158.7, "healed_s": 2179.2, "ended_s": 2200.1}
    clocks = {"ctl1": [{"lo_s": -0.5, "hi_s": 0.25}, {"lo_s": 2170.0, "hi_s": 2170.5}],
              "ctl2": [{"lo_s": 0.0, "hi_s": 0.0}], "ctl3": [{"lo_s": None, "hi_s": None}]}
    (folder / "timeline.json").write_text(json.dumps({**times, "clocks": clocks}))
    (folder / "samples.jsonl").write_text(
        '{"node":"ctl1","session":0,"t":2158.0,"held":["192.168.42.101"]}\n'
        '{"node":"ctl2","session":0,"t":2159.0,"held":[]}\n{"node":"ctl3","session":0,"t":5.0,"held":[]}\n'
        '{"node":"ctl1","session":1,"t":20.0,"held":[]}\n')
    run = read_run(folder)
    assert run.notes == ()
    assert (run.timeline.injected_s, run.timeline.ended_s) == (2158.7, 2200.1)
    assert [(item.lo_s, item.hi_s, item.holds) for item in run.samples["ctl1"]] == [
        (2157.5, 2158.25, True), (2190.0, 2190.5, False)]
    assert [item.lo_s for item in run.samples["ctl2"]] == [2159.0]
    assert run.samples["ctl3"] == ()


def test_a_run_has_its_name_from_inside_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert read_run(Path()).name == KEPT.name


def test_a_torn_end_is_left_out_and_told(folder: Path) -> None:
    for name in ("history.jsonl", "samples.jsonl"):
        with (folder / name).open("a") as file:
            file.write('{"event":"ok","pa')
    run = read_run(folder)
    assert run.history == read_run(KEPT).history
    assert [note.split()[0] for note in run.notes] == ["history.jsonl", "samples.jsonl", "This"]


def test_a_fault_that_is_still_there_is_told(folder: Path) -> None:
    (folder / "undo.json").write_text("{}")
    assert STILL_BROKEN in read_run(folder).notes


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def put(name: str, text: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_text(text)

    return change


def without(name: str, *keys: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        data = inner = json.loads((folder / name).read_text())
        for key in keys[:-1]:
            inner = inner[key]
        del inner[keys[-1]]
        (folder / name).write_text(json.dumps(data))

    return change


@pytest.mark.parametrize(("change", "said"), [
    (remove("verdict.json"), "verdict.json is missing: the run came to no verdict"),
    (remove("spec.json"), "spec.json is missing"),
    (remove("history.jsonl"), "history.jsonl is missing"),
    (remove("samples.jsonl"), "samples.jsonl is missing"),
    (put("verdict.json", '{"drill": "x"'), "verdict.json cannot be used: "),
    (put("verdict.json", "[]"), "verdict.json cannot be used: it is not an object"),
    (without("verdict.json", "rows"), "verdict.json cannot be used: it lacks rows"),
    (without("spec.json", "cluster", "vips"), "spec.json cannot be used: it lacks vips"),
    (put("history.jsonl", ""), "history.jsonl cannot be used: no request is in it"),
    (put("history.jsonl", 'what\n{"event":"ok"}\n'), "history.jsonl cannot be used: line 1 of the history"),
    (put("history.jsonl", '{"event":"ok"}\n'), "history.jsonl cannot be used: an event lacks path"),
    (put("history.jsonl", '{"event":"ok","path":"x","op":"y","key":"z","value":"","t_intended":1}\n'),
     "history.jsonl cannot be used: 'z' in the history is not a number"),
    (put("samples.jsonl", '{"node":"ctl1","t":1.0,"held":[]}\n[]\n'), "samples.jsonl cannot be used: line 2"),
    (put("samples.jsonl", '{"node":"ctl1","t":1.0,"held":[]}\n'),
     "samples.jsonl does not show when the fault began"),
    (put("timeline.json", "{}"), "timeline.json cannot be used: it lacks began_s"),
])
def test_a_broken_folder_is_an_error_that_says_where_and_what_to_do(
        folder: Path, change: Callable[[Path], None], said: str) -> None:
    change(folder)
    with pytest.raises(DrillError) as caught:
        read_run(folder)
    assert f"{folder}/{said}" in caught.value.message
    assert caught.value.hint


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DrillError, match="is not a run folder"):
        read_run(tmp_path / "none")


def test_no_truth_is_guessed(folder: Path) -> None:
    data = json.loads((folder / "verdict.json").read_text())
    data["verdict"]["truth"] = "perhaps"
    (folder / "verdict.json").write_text(json.dumps(data))
    with pytest.raises(DrillError, match="'perhaps' is neither true, false nor unknown"):
        read_run(folder)


def test_an_old_run_of_several_faults_says_that_it_tells_of_one(folder: Path) -> None:
    spec = json.loads((folder / "spec.json").read_text())
    spec["drill"]["beside"] = spec["drill"]["fault"]
    (folder / "spec.json").write_text(json.dumps(spec))
    run = read_run(folder)
    assert ONLY_FIRST in run.notes
    assert len(run.deeds) == 1
