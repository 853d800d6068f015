"""The pipe: frames, agents that cannot start, that die and that hang, and asks that are cancelled."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.blueprint.requests import Failed, JsonValue, Reply, Run, WriteFile
from fournines.errors import Unreachable
from fournines.nodes.agent import MAX_FRAME
from fournines.nodes.door import CommandDoor
from fournines.nodes.pipe import PipeNode, pack, send_program, unpack

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - other processes set no events
            await asyncio.sleep(0.02)


def fed(data: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return reader


@given(st.lists(json_values, max_size=4))
def test_frames_come_out_as_they_went_in(frames: list[JsonValue]) -> None:
    async def through() -> list[JsonValue]:
        reader = fed(b"".join(map(pack, frames)))
        found = [await unpack(reader) for _ in frames]
        with pytest.raises(EOFError):
            await unpack(reader)
        return found

    assert asyncio.run(through()) == frames


async def test_a_frame_that_ends_too_early_or_cannot_be_right() -> None:
    with pytest.raises(asyncio.IncompleteReadError):
        await unpack(fed(pack({"id": 1})[:-1]))
    with pytest.raises(asyncio.IncompleteReadError):
        await unpack(fed(b"\x00\x00"))
    with pytest.raises(ValueError, match="cannot be right"):
        await unpack(fed((MAX_FRAME + 1).to_bytes(4, "big")))


def counting(number: int) -> Run:
    return Run(("echo", str(number)))


def echoed(number: int) -> JsonValue:
    return {"rc": 0, "stdout": f"{number}\n", "stderr": ""}


async def test_many_asks_at_once_each_get_their_own_replies(node: PipeNode) -> None:
    asked = [node.ask([counting(n), counting(-n)], together=n % 2 == 0) for n in range(20)]
    assert await asyncio.gather(*asked) == [[echoed(n), echoed(-n)] for n in range(20)]


async def test_in_order_and_together(node: PipeNode, tmp_path: Path) -> None:
    """Two commands that wait for one another can only end side by side."""
    here, there = tmp_path / "here", tmp_path / "there"
    meet = [Run(("sh", "-c", f"touch {mine}; while ! [ -e {other} ]; do sleep 0.02; done"), timeout_s=20.0)
            for mine, other in ((here, there), (there, here))]
    assert await node.ask(meet, together=True) == [{"rc": 0, "stdout": "", "stderr": ""}] * 2
    first, second = await node.ask([Run(("sh", "-c", f"sleep 0.1; rm {here}")), Run(("ls", str(tmp_path)))])
    assert not isinstance(first, Failed)
    assert second == {"rc": 0, "stdout": "there\n", "stderr": ""}


async def test_large_frames(node: PipeNode, tmp_path: Path) -> None:
    content = os.urandom(3 << 20)
    assert await node.ask([WriteFile(str(tmp_path / "x"), content)]) == [{"changed": True}]
    assert (tmp_path / "x").read_bytes() == content


async def test_no_python_on_the_node() -> None:
    node = PipeNode(CommandDoor("ctl1", ("env", "PATH=/nowhere")))
    with pytest.raises(Unreachable, match="ctl1: there is no python3") as caught:
        await node.ask([counting(1)])
    assert "install python3" in caught.value.hint
    await node.close()


def counted_door(tmp_path: Path) -> tuple[PipeNode, Path]:
    """A node, and a file with a line for the beginning of every conversation with it."""
    log = tmp_path / "opened"
    return PipeNode(CommandDoor("ctl1", ("sh", "-c", f"echo $$ >> {log}; exec \"$@\"", "sh"))), log


async def test_an_approach_is_what_the_first_ask_goes_through(tmp_path: Path) -> None:
    node, log = counted_door(tmp_path)
    node.approach()
    await until(log.exists)   # nobody has asked anything yet
    assert [await node.ask([counting(n)]) for n in range(3)] == [[echoed(n)] for n in range(3)]
    assert len(log.read_text().splitlines()) == 1
    await node.close()


async def test_an_approach_that_failed_is_told_once_by_the_first_ask() -> None:
    node = PipeNode(CommandDoor("ctl1", ("/no/such/nsenter",)))
    node.approach()
    with pytest.raises(Unreachable, match="nsenter cannot be started"):
        await node.ask([counting(1)])
    with pytest.raises(Unreachable, match="nsenter cannot be started"):   # tried again, and failed again
        await node.ask([counting(1)])
    await node.close()


@pytest.mark.parametrize("late", [False, True])
async def test_an_approach_that_nobody_used_leaves_nothing(tmp_path: Path, late: bool) -> None:
    node, log = counted_door(tmp_path)
    node.approach()
    await until(lambda: log.exists() and log.read_text().endswith("\n"))
    if late:   # the agent is there; else it is still starting
        await asyncio.sleep(1.0)
    await node.close()
    await until(lambda: not os.path.exists(f"/proc/{int(log.read_text())}"))


async def test_no_such_door() -> None:
    node = PipeNode(CommandDoor("ctl1", ("/no/such/nsenter",)))
    with pytest.raises(Unreachable, match="nsenter cannot be started"):
        await node.ask([counting(1)])
    await node.close()


async def test_a_banner_before_the_agent_is_skipped() -> None:
    banner = "echo Welcome to ctl1; printf '\\000\\n'; exec \"$@\""
    node = PipeNode(CommandDoor("ctl1", ("sh", "-c", banner, "sh")))
    assert await node.ask([counting(7)]) == [echoed(7)]
    await node.close()


async def test_a_shell_that_only_talks_is_quoted() -> None:
    node = PipeNode(CommandDoor("ctl1", ("sh", "-c", "echo Account not available; exit 1")))
    with pytest.raises(Unreachable, match="exit status 1; it printed: Account not available"):
        await node.ask([counting(1)])
    await node.close()


async def test_a_login_that_hangs() -> None:
    door = CommandDoor("ctl1", ("sh", "-c", "exec sleep 600"))
    with pytest.raises(Unreachable, match=r"did not start there within 0\.3 s"):
        await send_program(door, b"", b"ready", timeout_s=0.3)


async def agent_pid(node: PipeNode) -> int:
    reply = (await node.ask([Run(("sh", "-c", "echo $PPID"))]))[0]
    assert isinstance(reply, dict)
    return int(str(reply["stdout"]))


def long_run(node: PipeNode, first: str) -> asyncio.Task[list[Reply]]:
    return asyncio.create_task(node.ask([Run(("sh", "-c", f"{first}; exec sleep 600"), timeout_s=600)]))


async def test_an_agent_that_dies_is_unreachable_and_then_connected_again(
        node: PipeNode, tmp_path: Path) -> None:
    agent = await agent_pid(node)
    marker = tmp_path / "running"
    asked = long_run(node, f"touch {marker}")
    await until(marker.exists)
    os.kill(agent, signal.SIGKILL)
    with pytest.raises(Unreachable, match="the connection ended: exit status -9") as caught:
        await asked
    assert "may or may not" in caught.value.hint
    assert await node.ask([counting(2)]) == [echoed(2)]
    assert await agent_pid(node) != agent


async def test_an_agent_that_died_between_two_asks_is_not_noticed(node: PipeNode) -> None:
    agent = await agent_pid(node)
    conversation = node._conversation
    assert conversation is not None
    os.kill(agent, signal.SIGKILL)
    await until(lambda: not conversation.alive)   # what is asked before its end is heard is lost with it
    assert await node.ask([counting(2)]) == [echoed(2)]


async def test_a_hanging_node_is_given_up_in_time(node: PipeNode) -> None:
    agent = await agent_pid(node)
    os.kill(agent, signal.SIGSTOP)
    with pytest.raises(Unreachable, match=r"no reply within 0\.7 s"):
        await node.ask([Run(("true",), timeout_s=0.2)], timeout_s=0.5)
    await until(lambda: not os.path.exists(f"/proc/{agent}"))
    assert await node.ask([counting(3)]) == [echoed(3)]


async def test_a_cancelled_ask_ends_its_command_and_leaves_nothing_for_the_next(
        node: PipeNode, tmp_path: Path) -> None:
    pid, after = tmp_path / "pid", tmp_path / "after"
    asked = asyncio.create_task(node.ask([
        Run(("sh", "-c", f"echo $$ > {pid}; exec sleep 600"), timeout_s=600), WriteFile(str(after), b"")]))
    await until(lambda: pid.exists() and pid.read_text().endswith("\n"))
    agent = await agent_pid(node)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert [await node.ask([counting(n)]) for n in range(5)] == [[echoed(n)] for n in range(5)]
    assert await agent_pid(node) == agent
    await until(lambda: not os.path.exists(f"/proc/{int(pid.read_text())}"))
    assert not after.exists()


async def test_closing_takes_the_children_along(tmp_path: Path) -> None:
    node = PipeNode(CommandDoor("here"))
    pid = tmp_path / "pid"
    asked = long_run(node, f"echo $$ > {pid}")
    await until(lambda: pid.exists() and pid.read_text().endswith("\n"))
    await node.close()
    with pytest.raises(Unreachable):
        await asked
    await until(lambda: not os.path.exists(f"/proc/{int(pid.read_text())}"))


def names(directory: Path) -> list[str]:
    return sorted(entry.name for entry in directory.iterdir())


async def test_an_agent_killed_while_writing_leaves_the_old_file(node: PipeNode, tmp_path: Path) -> None:
    """Wherever the kill falls: what is there is the old content or the new one, whole."""
    path, old, new = tmp_path / "x", b"old", b"n" * (20 << 20)
    for _attempt in range(5):
        path.write_bytes(old)
        agent = await agent_pid(node)
        asked = asyncio.create_task(node.ask([WriteFile(str(path), new)]))
        await until(lambda: names(tmp_path) != ["x"])
        os.kill(agent, signal.SIGKILL)
        await asyncio.gather(asked, return_exceptions=True)
        assert path.read_bytes() in (old, new)
    assert await node.ask([WriteFile(str(path), b"last")]) == [{"changed": True}]
    assert names(tmp_path) == ["x"]


async def test_garbage_instead_of_a_reply(tmp_path: Path) -> None:
    babble = tmp_path / "babble.py"
    babble.write_text("import sys\nfrom fournines.nodes.agent import READY\n"
                      "sys.stdout.buffer.write(READY + b'\\x00\\x00\\x00\\x02[]')\n"
                      "sys.stdout.buffer.flush()\nsys.stdin.buffer.read()\n")
    node = PipeNode(CommandDoor("ctl1", ("sh", "-c", f"exec {sys.executable} {babble}", "sh")))
    with pytest.raises(Unreachable, match="is not a reply"):
        await node.ask([counting(1)])
    await node.close()
