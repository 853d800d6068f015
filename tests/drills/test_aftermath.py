from __future__ import annotations

import re
from dataclasses import replace

import pytest

from fournines.blueprint.requests import Failed, FileFacts, Reply, Request, Run
from fournines.drills.aftermath import TROUBLE, Traces, calm, left_as_found, nothing_broke, traces
from fournines.drills.catalog import DRILLS
from fournines.drills.checkers.owners import View
from fournines.nodes.fake import FakeNode

CLEAN = Traces({"/etc/x": "1"})
BEFORE = {"ctl1": CLEAN, "ctl2": CLEAN}


def after(**changes: object) -> dict[str, Traces | None]:
    return {**BEFORE, "ctl2": replace(CLEAN, **changes)}  # type: ignore[arg-type]


def test_as_it_was() -> None:
    assert left_as_found(BEFORE, BEFORE).truth is True
    assert nothing_broke(BEFORE, BEFORE).truth is True


@pytest.mark.parametrize("changes", [
    {"left": ("table inet fournines_drill",)}, {"left": ("fournines-drill-2026.timer loaded active",)},
    {"digests": {"/etc/x": "2"}}, {"digests": {"/etc/x": None}}])
def test_what_a_drill_left(changes: dict[str, object]) -> None:
    verdict = left_as_found(BEFORE, after(**changes))
    assert verdict.truth is False
    assert verdict.evidence[0].startswith("ctl2: ")


@pytest.mark.parametrize("changes", [
    {"failed": ("x.service",)}, {"trouble": ("Process 7 (mariadbd) dumped core.",)},
    {"full": ("/var/log is 97%",)}])
def test_what_broke_on_the_way(changes: dict[str, object]) -> None:
    assert nothing_broke(BEFORE, after(**changes)).truth is False


def test_what_was_broken_before_is_not_the_drills() -> None:
    assert nothing_broke(after(failed=("x.service",)), after(failed=("x.service",))).truth is True


def test_what_the_fault_does_to_its_own_unit_is_no_surprise() -> None:
    killed = after(trouble=("broker.service: Failed with result 'oom-kill'.",))
    assert nothing_broke(BEFORE, killed).truth is False
    assert nothing_broke(BEFORE, killed, ["broker.service"]).truth is True
    assert nothing_broke(BEFORE, killed, ["other.service"]).truth is False
    assert nothing_broke(BEFORE, after(failed=("broker.service",)), ["broker.service"]).truth is False


def test_a_node_that_was_not_looked_at_is_unknown() -> None:
    silent = {**BEFORE, "ctl2": None}
    assert left_as_found(BEFORE, silent).truth is None
    assert left_as_found(silent, BEFORE).truth is None
    assert nothing_broke(BEFORE, silent).truth is None


async def test_nodes_are_asked_and_their_answers_read() -> None:
    said = {
        "find": "/run/systemd/system/x.service.d/90-fournines-drill.conf\n",
        "nft": "table inet filter\ntable inet fournines_drill\n",
        "fournines-drill-*": "fournines-drill-1.timer loaded active waiting takes a fault away\n",
        "--state=failed": "x.service loaded failed failed X\n",
        "journalctl": "x.service: Failed with result 'core-dump'.\n",
        "df": "Use% Mounted on\n 96% /\n 96% /\n 5% /var/log\n"}

    def answer(request: Request) -> Reply:
        if isinstance(request, FileFacts):
            return {"/etc/x": {"sha256": "1"}, "/etc/y": None}
        assert isinstance(request, Run)
        assert request.argv[0] != "journalctl" or "--since=-60s" in request.argv
        text = next(text for key, text in said.items() if key in request.argv or request.argv[0] == key)
        return {"rc": 0, "stdout": text, "stderr": ""}

    node, silent, failing = FakeNode("ctl1"), FakeNode("ctl2"), FakeNode("ctl3")
    node.script(lambda request: True, answer)
    failing.script(lambda request: True, Failed("no"))
    silent.unreachable = "off"
    nodes = {"ctl1": node, "ctl2": silent, "ctl3": failing}
    found = await traces(nodes, {"ctl1": ("/etc/x", "/etc/y")}, 60.0)
    assert found == {"ctl2": None, "ctl3": None, "ctl1": Traces(
        {"/etc/x": "1", "/etc/y": None},
        ("table inet fournines_drill", "/run/systemd/system/x.service.d/90-fournines-drill.conf",
         "fournines-drill-1.timer loaded active waiting takes a fault away"),
        ("x.service",), ("x.service: Failed with result 'core-dump'.",), ("/ is 96%",))}


@pytest.mark.parametrize("asked", ["nft", "find", "systemctl", "journalctl", "df"])
@pytest.mark.parametrize("reply", [Failed("not done within 30 s"),
                                   {"rc": 2, "stdout": "", "stderr": "Compiled without it"}])
async def test_a_question_that_was_not_answered_is_no_answer(asked: str, reply: Reply) -> None:
    def answer(request: Request) -> Reply:
        if isinstance(request, FileFacts):
            return {"/etc/x": {"sha256": "1"}}
        assert isinstance(request, Run)
        return reply if request.argv[0] == asked else {"rc": 0, "stdout": "", "stderr": ""}

    node = FakeNode("ctl1")
    node.script(lambda request: True, answer)
    assert await traces({"ctl1": node}, {"ctl1": ("/etc/x",)}, 60.0) == {"ctl1": None}


@pytest.mark.parametrize(("asked", "said", "told"), [
    ("journalctl", "", True), ("journalctl", "Compiled without pattern matching support", False),
    ("df", "df: /var/lib/glance: No such file or directory", True),
    ("find", "find: '/var/lib/glance': No such file or directory", True)])
async def test_who_finds_nothing_says_so_by_one(asked: str, said: str, told: bool) -> None:
    def answer(request: Request) -> Reply:
        if isinstance(request, FileFacts):
            return {}
        assert isinstance(request, Run)
        code = int(request.argv[0] == asked)
        return {"rc": code, "stdout": "", "stderr": said if code else ""}

    node = FakeNode("ctl1")
    node.script(lambda request: True, answer)
    assert (await traces({"ctl1": node}, {}, 60.0) == {"ctl1": Traces({})}) is told


@pytest.mark.parametrize("line", [
    "mariadb.service: Main process exited, code=killed, status=11/SEGV",
    "mariadb.service: Main process exited, code=dumped, status=6/ABRT",
    "x.service: A process of this unit has been killed by the OOM killer: oom-kill"])
def test_a_crash_is_trouble_and_a_kill_is_none(line: str) -> None:
    assert re.search(TROUBLE, line)
    assert not re.search(TROUBLE, "mariadb.service: Main process exited, code=killed, status=9/KILL")


def views(*numbers: int) -> dict[str, tuple[View, ...]]:
    return {"ctl1": tuple(View(float(at), float(at), f"u:{number}") for at, number in enumerate(numbers))}


@pytest.mark.parametrize(("drill", "numbers", "truth"), [
    ("kill-keystone", (7, 7), True), ("kill-keystone", (7, 8), False),
    ("power-off-vip-holder", (7, 8, 9), True), ("power-off-vip-holder", (7, 8, 9, 10, 11, 12), False),
    ("hang-database-writer", (7, 9), True), ("kill-keystone", (), None),
    ("kill-corosync-on-vip-holder", (7, 9), True), ("stop-corosync-on-vip-holder", (7, 8), False)])
def test_members_do_not_come_and_go(drill: str, numbers: tuple[int, ...], truth: bool | None) -> None:
    assert calm([DRILLS[drill].fault], views(*numbers)).truth is truth


def test_two_faults_explain_what_each_does() -> None:
    """A power loss and a hang of something else explain no more than the power loss."""
    faults = [DRILLS["power-off-vip-holder"].fault, DRILLS["hang-keystone"].fault]
    assert calm(faults, views(7, 11)).truth is True
    assert calm(faults, views(7, 12)).truth is False
