"""plan, apply, status and verify as a user runs them, on fake machines behind the real command line."""

from __future__ import annotations

import fcntl
import json
import re
from pathlib import Path

import pytest

from fournines import cli
from fournines.lab.places import Places
from fournines.nodes.fake import FakeFile, FakeNode
from store_cluster import FRONT, PASSWORD, STATE, STORE, STORE_UNIT, World

CLUSTER = """\
cluster: demo
release: zed
recovery: {recover_within: 5s}
networks:
  management: {cidr: 192.0.2.0/24}
vips: {internal: 192.0.2.101}
nodes:
  - {name: ctl1, management: 192.0.2.11}
  - {name: ctl2, management: 192.0.2.12}
  - {name: ctl3, management: 192.0.2.13}
layers:
  store: {line: "size = 1"}
  front: {}
"""


@pytest.fixture
def file(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cluster file, with the machines of the world behind every door."""
    def node_behind(door: object) -> FakeNode:
        return world.nodes[door.name]  # type: ignore[attr-defined]

    monkeypatch.setattr("fournines.nodes.pipe.PipeNode", node_behind)
    monkeypatch.setattr("fournines.layers.LAYERS", (STORE, FRONT))
    monkeypatch.setattr("fournines.layers.SPECS", {layer.name: layer.spec for layer in (STORE, FRONT)})
    monkeypatch.setattr("fournines.cli.opened.Places", lambda: Places(labs=tmp_path / "labs"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FOURNINES_IDENTITY", raising=False)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "cluster.yaml"
    path.write_text(CLUSTER)
    return path


def run(*argv: str | Path) -> int:
    return cli.run([str(part) for part in argv])


def test_plan_apply_plan(file: Path, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan", file, "--via", "ssh") == 2
    shown = capsys.readouterr().out
    assert "wave 1" in shown
    assert "ctl2  not installed: store-server front" in shown
    assert run("apply", file, "--via", "ssh") == 0
    assert "done in" in capsys.readouterr().out
    assert run("plan", file, "--via", "ssh") == 0
    assert capsys.readouterr().out == "nothing to do: demo is as its file says\n"
    world.changes()
    assert run("apply", file) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert world.changes() == []


def test_the_file_here_is_the_default(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan") == 2
    file.unlink()
    assert run("plan") == 1
    assert "hint: name the cluster file" in capsys.readouterr().err


def test_the_file_of_the_only_lab_goes_before_the_file_here(
        file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = tmp_path / "labs" / "other"
    lab.mkdir(parents=True)
    (lab / "cluster_file").write_text(str(tmp_path / "other.yaml"))
    (tmp_path / "other.yaml").write_text(CLUSTER.replace("cluster: demo", "cluster: other"))
    assert run("plan", "--json") == 2
    captured = capsys.readouterr()
    assert json.loads(captured.out)["cluster"] == "other"
    assert captured.err == (f"note: this is about the lab of {tmp_path / 'other.yaml'}, "
                            "not about ./cluster.yaml\n")


def test_a_plan_for_programs(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan", "--json") == 2
    plan = json.loads(capsys.readouterr().out)
    assert plan["waves"][0]["steps"][0]["name"] == "packages: install"


def test_warnings_go_before_plan_and_apply(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(CLUSTER.replace("}\n  - {name: ctl", ", rack: r1}\n  - {name: ctl"))
    warning = "demo: 2 of 3 nodes are on rack r1: when it fails, no majority is left"
    assert run("plan", "--json") == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"warning: {warning}: spread the nodes")
    (told,) = json.loads(captured.out)["warnings"]
    assert f"{told['where']}: {told['summary']}" == warning
    assert run("apply") == 0
    assert capsys.readouterr().err.count(f"warning: {warning}") == 1


def test_diffs_are_shown(file: Path, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    run("apply")
    world.nodes["ctl1"].files["/etc/store/motd"] = FakeFile(b"hello\n")
    capsys.readouterr()
    assert run("plan") == 2
    shown = capsys.readouterr().out
    assert "-hello" in shown
    assert "+welcome" in shown


def test_a_saved_plan_is_carried_out_once_and_then_stale(file: Path, world: World, tmp_path: Path,
                                                         capsys: pytest.CaptureFixture[str]) -> None:
    saved = tmp_path / "plan.json"
    assert run("plan", file, "--out", saved) == 2
    assert PASSWORD not in saved.read_text()
    assert run("apply", saved) == 0
    capsys.readouterr()
    assert run("apply", saved) == 1
    err = capsys.readouterr().err
    assert "error: the nodes have changed since the plan was made: ctl1: node.packages was missing:" in err
    assert "hint: look at a new plan" in err


def test_events_for_programs(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("apply", "--json") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events[0]["event"] == "ApplyBegan"
    assert events[-1] | {"seconds": 0} == {"event": "ApplyEnded", "outcome": "done", "seconds": 0, "done": 19,
                                           "already": 0, "failed": 0, "skipped": 0, "missing": []}


def test_every_apply_is_in_the_journal(file: Path, tmp_path: Path) -> None:
    run("apply")
    (journal,) = (tmp_path / ".fournines" / "demo" / "journal").iterdir()
    assert json.loads(journal.read_text().splitlines()[-1])["outcome"] == "done"
    assert PASSWORD not in journal.read_text()


def test_an_apply_that_fails_says_so_and_the_next_says_where_it_goes_on(
        file: Path, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.asleep.add("ctl2")
    file.write_text(CLUSTER.replace('"size = 1"', '"size = 1", gate_s: 0.05'))
    assert run("apply") == 1
    shown = capsys.readouterr().out
    assert "failed: ctl2: store.state is ready: not within 0.05 s" in shown
    assert "hint: mend it and apply again" in shown
    world.asleep.clear()
    assert run("apply") == 0
    assert f"(failed) during: store: start {STORE_UNIT} on ctl2; going on" in capsys.readouterr().out


def test_an_apply_with_nothing_to_do_in_a_cluster_that_does_not_serve_is_no_success(
        file: Path, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    run("apply")
    world.accounts.add("ctl2")
    capsys.readouterr()
    assert run("apply") == 1
    shown = capsys.readouterr().out
    assert "not whole: does not hold: one node has the account: " in shown
    assert "hint: 'fournines verify' says what to do about it" in shown
    world.accounts.remove("ctl2")
    assert run("apply") == 0
    assert capsys.readouterr().out == "nothing to do: everything is as the cluster file says\n"


def test_one_apply_at_a_time(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / ".fournines" / "demo"
    state.mkdir(parents=True)
    with (state / "lock").open("w") as lock:
        lock.write('{"what": "apply of demo", "user": "eve", "host": "desk", "pid": 42, "since": "today"}')
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert run("apply") == 1
    err = capsys.readouterr().err
    assert "another run is under way: apply of demo by eve on desk, process 42, since today" in err


def test_an_unreachable_node_blocks(file: Path, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.nodes["ctl3"].unreachable = "no route to host"
    assert run("plan") == 1
    assert "error: ctl3: ctl3 is unreachable (no route to host)" in capsys.readouterr().out
    assert run("apply") == 1
    assert "error: ctl3 is unreachable (no route to host)" in capsys.readouterr().err
    assert world.changes() == []


def test_status_and_verify(file: Path, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    run("apply")
    capsys.readouterr()
    assert run("status") == 0
    shown = capsys.readouterr().out
    assert "demo serves" in shown
    assert "1 more" in shown
    assert run("verify") == 0
    assert "2 of 2 invariants hold" in capsys.readouterr().out
    world.asleep |= {"ctl1", "ctl2"}
    assert run("status", "--json") == 1
    assert json.loads(capsys.readouterr().out)["members"][0]["margin"] == -1
    assert run("verify", "--json") == 1
    assert [item["holds"] for item in json.loads(capsys.readouterr().out)] == [False, True]


def test_verify_waits_until_all_is_well_and_says_what_was_last_missing(
        file: Path, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    run("apply")
    looks = iter((False, False, True))
    world.nodes["ctl2"].script(STATE, lambda _request: {"state": "ready" if next(looks) else "joining"})
    capsys.readouterr()
    assert run("verify", "--wait", "20s") == 0
    told = capsys.readouterr()
    assert "2 of 2 invariants hold" in told.out
    assert re.fullmatch(r"after \d+ s: does not hold: every store member is ready: ctl2: store.state is "
                        r"joining, not: is ready\n", told.err)
    world.nodes["ctl2"].script(STATE, {"state": "joining"})
    assert run("verify", "--wait", "1s", "--json") == 1
    told = capsys.readouterr()
    assert [item["holds"] for item in json.loads(told.out)] == [False, True]
    assert run("verify", "--wait", "soon") == 1
    assert "--wait" in capsys.readouterr().err
    assert run("verify", "--wait", "0s") == 1
    assert "write a time from 1s to 24h" in capsys.readouterr().err


def test_a_lab_that_is_not_up_is_an_error(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan", "--via", "lab") == 1
    assert "error: no lab of the cluster demo is up" in capsys.readouterr().err


def test_nothing_to_rotate(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("rotate", "fernet") == 1
    assert "has no Fernet keys" in capsys.readouterr().err
