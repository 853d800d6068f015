"""What is asked of a node to break it, to arm its undo, and to mend it; and real rules in a real kernel."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from fournines.blueprint.requests import Run, Unit
from fournines.drills import on_node
from fournines.drills.drill import Act, Direction
from fournines.drills.effects import of_packets
from fournines.drills.intervention import Intervention

HUNG = Intervention(Act.CONTINUE, "ctl1", "mariadb.service", timer="fournines-drill-x")


def run(request: object) -> Run:
    assert isinstance(request, Run)
    return request


def test_the_undo_is_a_timer_of_the_drills_own_name() -> None:
    argv = run(on_node.arm(HUNG, 50.4)).argv
    assert argv[:3] == ("systemd-run", "--unit=fournines-drill-x", "--on-active=50s")
    assert argv[argv.index("--") + 1:][:3] == ("systemctl", "kill", "--signal=CONT")
    assert argv[-1] == "mariadb.service"


def test_disarming_a_timer_that_is_over_is_no_failure() -> None:
    stop, _ = on_node.disarm(HUNG)
    assert run(stop).argv == ("systemctl", "stop", "fournines-drill-x.timer")
    assert not run(stop).check


def test_the_whole_unit_is_hit() -> None:
    (request,) = on_node.requests(Intervention(Act.KILL, "ctl1", "keystone.service"))
    assert run(request).argv == ("systemctl", "kill", "--signal=KILL", "--kill-who=all", "--",
                                 "keystone.service")
    (request,) = on_node.requests(Intervention(Act.HANG, "ctl1", "keystone.service"))
    assert "--signal=STOP" in run(request).argv


def test_a_unit_that_gave_up_is_forgiven_before_it_is_started() -> None:
    assert on_node.requests(Intervention(Act.START, "ctl1", "x.service")) == (
        Unit("reset-failed", "x.service"), Unit("start", "x.service"))


def test_continuing_where_nothing_is_left_is_no_failure() -> None:
    assert [run(request).check for request in on_node.requests(HUNG)] == [False]


@pytest.mark.parametrize("act", [Act.CUT, Act.POWER_OFF])
def test_what_is_done_from_outside_is_not_asked_of_the_node(act: Act) -> None:
    with pytest.raises(ValueError, match="not done on a node"):
        on_node.requests(Intervention(act, "ctl1"))


@pytest.mark.skipif(os.getuid() != 0 or shutil.which("nft") is None, reason="needs root and nftables")
@pytest.mark.parametrize("direction", list(Direction))
def test_the_rules_drop_what_they_name_and_go_as_a_whole(direction: Direction) -> None:
    """In a network namespace of its own: loopback stands for the cable."""
    deed = Intervention(Act.DROP, "ctl1", peers=("127.0.0.2",), direction=direction)
    name = f"fn-rules-{os.getpid()}"

    def inside(*argv: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(["ip", "netns", "exec", name, *argv], input=stdin, capture_output=True,
                              text=True, timeout=20, check=False)

    def dropped() -> object:
        listed = inside("nft", "--json", "list", "counter", "inet", on_node.TABLE, on_node.COUNTER)
        return {"rc": listed.returncode, "stdout": listed.stdout, "stderr": listed.stderr}

    def connect(source: str) -> bool:
        code = (f"import socket; s = socket.create_server(('127.0.0.1', 7)); "
                f"socket.create_connection(('127.0.0.1', 7), 0.5, ('{source}', 0))")
        return inside("python3", "-c", code).returncode == 0

    subprocess.run(["ip", "netns", "add", name], check=True, timeout=20)
    try:
        inside("ip", "link", "set", "lo", "up")
        assert connect("127.0.0.2")
        for _ in range(2):   # again in place of the first
            assert inside("nft", "-f", "-", stdin=on_node.rules(deed)).returncode == 0
        assert not of_packets(dropped()).shown   # type: ignore[arg-type]
        assert not connect("127.0.0.2")
        assert connect("127.0.0.3")
        assert of_packets(dropped()).shown       # type: ignore[arg-type]
        accept = on_node.by_itself(Intervention(Act.ACCEPT, "ctl1"))
        for _ in range(2):   # healing what is healed does no harm
            assert inside(*accept).returncode == 0
        assert connect("127.0.0.2")
        assert json.loads(inside("nft", "--json", "list", "tables").stdout)["nftables"][1:] == []
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True, timeout=20)
