"""What is asked of a node to break it, to arm its undo, and to mend it; and real rules in a real kernel."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from fournines.blueprint.requests import Run, WriteFile
from fournines.drills import on_node
from fournines.drills.drill import Act, Direction, Effect
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


@pytest.mark.parametrize(("boots", "starts", "done"), [
    (True, True, 0), (True, False, 5), (False, True, 0), (False, False, 0)])
def test_a_unit_that_gave_up_is_forgiven_and_started_if_it_is_systemds(
        tmp_path: Path, boots: bool, starts: bool, done: int) -> None:
    """One that is not loaded cannot be forgiven; one that does not start at boot is Pacemaker's."""
    said = tmp_path / "said"
    (tmp_path / "systemctl").write_text(
        f'#!/bin/sh\necho "$*" >> {said}\ncase $1 in reset-failed) exit 1;; '
        f'is-enabled) exit {0 if boots else 1};; start) exit {0 if starts else 5};; esac\n')
    (tmp_path / "systemctl").chmod(0o755)
    (request,) = on_node.requests(Intervention(Act.START, "ctl1", "x.service"))
    ended = subprocess.run(run(request).argv, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, timeout=20,
                           check=False)
    assert ended.returncode == done
    assert said.read_text().splitlines() == ["reset-failed -- x.service", "is-enabled --quiet -- x.service",
                                             *(["start -- x.service"] if boots else [])]


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


@pytest.mark.skipif(os.getuid() != 0 or shutil.which("nft") is None, reason="needs root and nftables")
def test_a_port_of_the_nodes_own_swallows_what_comes_to_it() -> None:
    """Also on connections that stand; another port, and another address, are as they were."""
    name = f"fn-swallow-{os.getpid()}"
    deed = Intervention(Act.SWALLOW, "ctl1", setting="tcp dport 5000", addresses=("127.0.0.2",))
    assert str(deed) == "swallow tcp dport 5000"

    def inside(*argv: str, stdin: str = "") -> str:
        return subprocess.run(["ip", "netns", "exec", name, *argv], input=stdin, capture_output=True,
                              text=True, timeout=20, check=True).stdout

    tries = """
import socket
def connect(address, port):
    server = socket.create_server((address, port))
    try:
        return socket.create_connection((address, port), timeout=0.3)
    except TimeoutError:
        return None
    finally:
        server.close()
print([bool(connect(*each)) for each in (("127.0.0.2", 5000), ("127.0.0.2", 5001), ("127.0.0.3", 5000))])
"""
    subprocess.run(["ip", "netns", "add", name], check=True, timeout=20)
    try:
        inside("ip", "link", "set", "lo", "up")
        assert inside("python3", "-c", tries).strip() == "[True, True, True]"
        inside("nft", "-f", "-", stdin=on_node.rules(deed))
        assert inside("python3", "-c", tries).strip() == "[False, True, True]"
        inside(*on_node.by_itself(Intervention(Act.ACCEPT, "ctl1")))
        assert inside("python3", "-c", tries).strip() == "[True, True, True]"
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True, timeout=20)


def chance(direction: Direction | None, amount: int) -> str:
    return on_node.rules(Intervention(Act.LOSE, "ctl1", peers=("127.0.0.2",), direction=direction,
                                      amount=amount))


@pytest.mark.skipif(os.getuid() != 0 or shutil.which("nft") is None, reason="needs root and nftables")
def test_a_share_of_the_packets_is_lost() -> None:
    """The kernel takes the rule, and loses some of a hundred packets and not all."""
    name = f"fn-lose-{os.getpid()}"

    def inside(*argv: str, stdin: str = "") -> str:
        return subprocess.run(["ip", "netns", "exec", name, *argv], input=stdin, capture_output=True,
                              text=True, timeout=20, check=True).stdout

    subprocess.run(["ip", "netns", "add", name], check=True, timeout=20)
    try:
        inside("ip", "link", "set", "lo", "up")
        inside("nft", "-f", "-", stdin=chance(Direction.HEARD, 50))
        inside("python3", "-c", "import socket\ns = socket.socket(type=socket.SOCK_DGRAM)\n"
               "s.bind(('127.0.0.2', 0))\nfor _ in range(100): s.sendto(b'x', ('127.0.0.1', 9))")
        listed = inside("nft", "--json", "list", "counter", "inet", on_node.TABLE, on_node.COUNTER)
        lost = json.loads(listed)["nftables"][1]["counter"]["packets"]
        assert 10 < lost < 90
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True, timeout=20)


def in_a_mount_namespace(script: str) -> str:
    return subprocess.run(["unshare", "--mount", "sh", "-euc", script], check=True, capture_output=True,
                          text=True, timeout=30).stdout


@pytest.mark.skipif(os.getuid() != 0, reason="mounts a file system")
def test_a_disk_is_filled_and_emptied(tmp_path: Path) -> None:
    deed = Intervention(Act.FILL, "ctl1", setting=str(tmp_path))
    fill, empty = run(on_node.requests(deed)[0]).argv, on_node.by_itself(replace(deed, act=Act.EMPTY))
    look = run(on_node.look(Effect.IS_FULL, deed)[0]).argv
    said = in_a_mount_namespace(
        f"mount -t tmpfs -o size=1m none {tmp_path}; {shlex.join(fill)}; {shlex.join(look)}; "
        f"{shlex.join(empty)}; {shlex.join(empty)}; {shlex.join(look)}; ls -A {tmp_path}")
    assert re.findall(r"(\d+)%", said) == ["100", "0"]
    assert on_node.FILLER not in said


def test_what_is_not_only_data_is_not_filled() -> None:
    fill = run(on_node.requests(Intervention(Act.FILL, "ctl1", setting="/"))[0]).argv
    done = subprocess.run(fill, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("needs a capability: / is on no file system of its own")


@pytest.mark.parametrize(("setting", "released"), [("CPUQuota=2%", "CPUQuota="),
                                                   ("MemoryMax=32M", "MemoryMax=infinity")])
def test_a_limit_is_taken_away_as_systemd_has_it(setting: str, released: str) -> None:
    undo = Intervention(Act.RELEASE, "ctl1", "x.service", setting=setting)
    assert on_node.by_itself(undo)[-2:] == ("x.service", released)


def test_a_drop_in_goes_with_the_next_boot_and_is_removed_before_the_restart() -> None:
    deed = Intervention(Act.MISCONFIGURE, "ctl1", "x.service", setting="ReadOnlyPaths=/var/lib/x")
    write, _, restart = on_node.requests(deed)
    assert isinstance(write, WriteFile)
    assert (write.path, write.content) == (on_node.drop_in("x.service"),
                                           b"[Service]\nReadOnlyPaths=/var/lib/x\n")
    assert write.path.startswith("/run/")
    assert "--no-block" in run(restart).argv
    undo = on_node.by_itself(replace(deed, act=Act.RESTORE))
    assert undo[2].index("rm -f") < undo[2].index("restart")
    assert undo[-2:] == (on_node.drop_in("x.service"), "x.service")


@pytest.mark.parametrize(("deed", "systemds", "pacemakers"), [
    (Intervention(Act.RESTORE, "ctl1", "x.service"), "restart --no-block -- x.service",
     "try-restart --no-block -- x.service"),
    (Intervention(Act.RELEASE, "ctl1", "x.service", setting="MemoryMax=1"), "start --no-block -- x.service",
     "is-enabled --quiet -- x.service")])
def test_an_undo_starts_nothing_that_pacemaker_may_have_elsewhere(
        deed: Intervention, systemds: str, pacemakers: str, tmp_path: Path) -> None:
    for boots, last in ((True, systemds), (False, pacemakers)):
        said = tmp_path / f"said-{boots}"
        (tmp_path / "systemctl").write_text(
            f'#!/bin/sh\necho "$*" >> {said}\ncase $1 in is-enabled) exit {0 if boots else 1};; esac\n')
        (tmp_path / "systemctl").chmod(0o755)
        script = [word.replace("/run/systemd", f"{tmp_path}") for word in on_node.by_itself(deed)]
        subprocess.run(script, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, check=True)
        assert said.read_text().splitlines()[-1] == last
