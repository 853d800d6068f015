"""Commands, run by the real agent on this machine."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
from collections.abc import Callable
from pathlib import Path

from fournines.blueprint.requests import Failed, Run
from fournines.nodes.pipe import PipeNode
from nodes.asked import as_root, mapping, refused


async def test_a_command_gets_input_and_a_minimal_environment(node: PipeNode) -> None:
    reply = await mapping(node, Run(("sh", "-c", "cat; env | sort; echo oops >&2; exit 3"), stdin="a\nb\n",
                                    env={"KEY": "v"}, check=False))
    home = pwd.getpwuid(os.getuid()).pw_dir
    lines = [line for line in str(reply["stdout"]).splitlines() if not line.startswith(("PATH=", "PWD="))]
    assert lines == ["a", "b", f"HOME={home}", "KEY=v", "LANG=C.UTF-8"]
    assert (reply["rc"], reply["stderr"]) == (3, "oops\n")


async def test_a_failing_command_is_a_failed_request(node: PipeNode) -> None:
    assert await refused(node, Run(("sh", "-c", "echo no such table >&2; exit 2"))) == (
        "sh exited with 2: no such table")
    assert await refused(node, Run(("sh", "-c", "kill -9 $$"))) == "sh was killed by SIGKILL"
    assert "cannot be started: No such file" in await refused(node, Run(("/does/not/exist",)))


async def test_of_a_long_complaint_both_ends_are_told(node: PipeNode) -> None:
    script = "echo the cause >&2; head -c 9000 /dev/zero | tr '\\0' x >&2; echo noise at exit >&2; exit 3"
    (reply,) = await node.ask([Run(("sh", "-c", script))])
    assert isinstance(reply, Failed)
    assert reply.reason.startswith("sh exited with 3: the cause\nxxx")
    assert "\n[...]\n" in reply.reason
    assert reply.reason.endswith("xxxnoise at exit")
    assert len(reply.reason) < 5000


async def test_only_the_end_of_a_long_output_is_kept(node: PipeNode) -> None:
    long = Run(("sh", "-c", "yes 0123456 | head -c 3000000; echo end; exit 3"), check=False)
    reply = await mapping(node, long)
    text = str(reply["stdout"])
    assert len(text) == 1 << 20
    assert text.endswith("end\n")


async def test_a_part_of_an_answer_is_no_answer(node: PipeNode) -> None:
    long = Run(("sh", "-c", "yes 0123456 | head -c 3000000"))
    assert "printed more than 1 MiB" in await refused(node, long)


@as_root
async def test_a_command_runs_as_another_user(node: PipeNode) -> None:
    reply = await mapping(node, Run(("sh", "-c", "id -un; id -G; echo $HOME"), user="daemon"))
    daemon = pwd.getpwnam("daemon")
    groups = " ".join(map(str, os.getgrouplist("daemon", daemon.pw_gid)))
    assert str(reply["stdout"]).split("\n")[:3] == ["daemon", groups, daemon.pw_dir]
    assert "no user nobody-here" in await refused(node, Run(("true",), user="nobody-here"))


def running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - other processes set no events
            await asyncio.sleep(0.02)


async def test_a_timeout_kills_the_whole_process_group(node: PipeNode, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"echo so far; (sleep 600 & echo $! > {pid}; wait)"
    reason = await refused(node, Run(("sh", "-c", script), timeout_s=3.0))
    assert reason == "sh was killed: not done within 3 s: so far"
    await until(lambda: not running(int(pid.read_text())))


async def test_a_daemon_that_keeps_the_output_open_is_not_waited_for(node: PipeNode, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    reply = await mapping(node, Run(("sh", "-c", f"sleep 600 & echo $! > {pid}; echo started"), timeout_s=60))
    assert reply["stdout"] == "started\n"
    daemon = int(pid.read_text())
    assert running(daemon)
    os.kill(daemon, signal.SIGKILL)


async def test_a_stray_print_does_not_corrupt_the_stream(node: PipeNode) -> None:
    agent = int(str((await mapping(node, Run(("sh", "-c", "echo $PPID"))))["stdout"]))
    assert os.readlink(f"/proc/{agent}/fd/1") == os.readlink(f"/proc/{agent}/fd/2")
