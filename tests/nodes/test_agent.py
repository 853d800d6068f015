"""The verbs, carried out by the real agent on this machine."""

from __future__ import annotations

import asyncio
import base64
import grp
import hashlib
import os
import pwd
import signal
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from fournines.blueprint.requests import (
    Failed,
    FileFacts,
    HttpGet,
    JsonValue,
    MakeDirectory,
    PackageFacts,
    ReadFile,
    ReadTree,
    RemoveFile,
    Reply,
    Request,
    Run,
    TcpConnect,
    UnitFacts,
    UnitProcesses,
    UnixAsk,
    WriteFile,
)
from fournines.lab.cgroups import ControlGroup
from fournines.lab.pids import ProcessId
from fournines.nodes.pipe import PipeNode

USER = pwd.getpwuid(os.getuid()).pw_name
GROUP = grp.getgrgid(os.getgid()).gr_name
as_root = pytest.mark.skipif(os.getuid() != 0, reason="changes owners")


async def one(node: PipeNode, request: Request) -> Reply:
    return (await node.ask([request]))[0]


async def mapping(node: PipeNode, request: Request) -> dict[str, JsonValue]:
    reply = await one(node, request)
    assert isinstance(reply, dict)
    return reply


async def refused(node: PipeNode, request: Request) -> str:
    reply = await one(node, request)
    assert isinstance(reply, Failed)
    return reply.reason


def contents(directory: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in directory.iterdir()}


def write(path: Path, content: bytes, mode: int = 0o644) -> WriteFile:
    return WriteFile(str(path), content, mode, USER, GROUP)


# ---- files -------------------------------------------------------------------------------------------

async def test_a_file_is_written_once(node: PipeNode, tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "x.conf"
    assert await one(node, write(path, b"\x00\xff", 0o640)) == {"changed": True}
    assert await one(node, write(path, b"\x00\xff", 0o640)) == {"changed": False}
    assert path.read_bytes() == b"\x00\xff"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o755
    assert await one(node, write(path, b"\x00\xff", 0o600)) == {"changed": True}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["x.conf"]


async def test_file_facts_and_content(node: PipeNode, tmp_path: Path) -> None:
    file, missing = tmp_path / "x", tmp_path / "y"
    file.write_bytes(b"hello")
    file.chmod(0o604)
    owner: dict[str, JsonValue] = {"mode": 0o604, "owner": USER, "group": GROUP}
    facts = await mapping(node, FileFacts((str(file), str(missing), str(tmp_path))))
    assert facts[str(file)] == {**owner, "sha256": hashlib.sha256(b"hello").hexdigest(), "size": 5}
    assert facts[str(missing)] is None
    directory = facts[str(tmp_path)]
    assert isinstance(directory, dict)
    assert directory["sha256"] is None
    assert await one(node, ReadFile(str(file))) == {**owner, "content": base64.b64encode(b"hello").decode()}
    assert await one(node, ReadFile(str(missing))) is None
    assert "larger than 4 bytes" in await refused(node, ReadFile(str(file), max_bytes=4))


async def test_a_fifo_is_not_waited_for(node: PipeNode, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert "not a regular file" in await refused(node, ReadFile(str(fifo)))
    facts = (await mapping(node, FileFacts((str(fifo),))))[str(fifo)]
    assert isinstance(facts, dict)
    assert facts["sha256"] is None


def a_tree(top: Path) -> dict[Path, tuple[int, int]]:
    """Files, links and a pipe; path -> when each was last changed."""
    for name, text in (("a/x.conf", "one"), ("a/b/y.conf", "two"), ("a/z.txt", "three"), ("c/w.conf", "4")):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    (top / "a" / "x.conf").chmod(0o640)
    (top / "a" / "link.conf").symlink_to("z.txt")
    (top / "a" / "gone.conf").symlink_to("nowhere")
    (top / "a" / "up").symlink_to(top)
    os.mkfifo(top / "a" / "pipe.conf")
    return changes(top)


def changes(top: Path) -> dict[Path, tuple[int, int]]:
    found = {path: path.lstat() for path in top.rglob("*")}
    return {path: (status.st_mtime_ns, status.st_ctime_ns) for path, status in found.items()}


async def test_a_tree_is_read_and_nothing_else(node: PipeNode, tmp_path: Path) -> None:
    before = a_tree(tmp_path)
    found = await mapping(node, ReadTree((f"{tmp_path}/a", f"{tmp_path}/missing"), r".*\.conf"))
    files, unread = found["files"], found["unread"]
    assert isinstance(files, dict)
    assert list(files) == [f"{tmp_path}/a/link.conf", f"{tmp_path}/a/x.conf", f"{tmp_path}/a/b/y.conf"]
    assert files[f"{tmp_path}/a/x.conf"] == {"content": base64.b64encode(b"one").decode(), "mode": 0o640}
    assert unread == {f"{tmp_path}/a/gone.conf": "No such file or directory"}
    assert changes(tmp_path) == before
    small = await mapping(node, ReadTree((f"{tmp_path}/a",), r".*\.conf", most_bytes=6))
    assert isinstance(small["files"], dict)
    assert list(small["files"]) == [f"{tmp_path}/a/link.conf"]
    assert "more than is read of one node" in str(small["unread"])


@as_root
async def test_owner_and_mode_of_files_and_directories(node: PipeNode, tmp_path: Path) -> None:
    directory, file = tmp_path / "d", tmp_path / "d" / "f"
    requests = [MakeDirectory(str(directory), 0o2750, "daemon", "nogroup"),
                WriteFile(str(file), b"s", 0o400, "daemon", "nogroup")]
    assert await node.ask(requests) == [{"changed": True}, {"changed": True}]
    assert await node.ask(requests) == [{"changed": False}, {"changed": False}]
    nobody = grp.getgrnam("nogroup").gr_gid
    for path, mode in ((directory, 0o2750), (file, 0o400)):
        seen = path.stat()
        assert (stat.S_IMODE(seen.st_mode), seen.st_gid) == (mode, nobody)
        assert seen.st_uid == pwd.getpwnam("daemon").pw_uid


async def test_an_unknown_owner_changes_nothing(node: PipeNode, tmp_path: Path) -> None:
    path = tmp_path / "x"
    assert "no user nobody-here" in await refused(node, WriteFile(str(path), b"", owner="nobody-here"))
    assert not path.exists()


async def test_two_who_make_one_directory_do_not_hinder_each_other(node: PipeNode, tmp_path: Path) -> None:
    """Layers share directories such as /usr/lib/fournines, and their steps run side by side."""
    for number in range(30):
        path = str(tmp_path / f"{number}" / "shared")
        same = [MakeDirectory(path, owner=USER, group=GROUP)] * 8
        replies = await node.ask(same, together=True)
        assert not [reply for reply in replies if isinstance(reply, Failed)]


async def test_what_is_in_the_way_is_left_alone(node: PipeNode, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    assert "is a directory" in await refused(node, write(tmp_path, b""))
    assert "not a directory" in await refused(
        node, MakeDirectory(str(tmp_path / "file"), owner=USER, group=GROUP))
    assert "Is a directory" in await refused(node, RemoveFile(str(tmp_path)))
    assert "plain absolute path" in await refused(node, write(tmp_path / ".." / "x", b""))
    assert (tmp_path / "file").read_text() == "precious"


async def test_a_symbolic_link_is_replaced_and_not_followed(node: PipeNode, tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("theirs")
    link.symlink_to(target)
    assert await one(node, write(link, b"ours")) == {"changed": True}
    assert contents(tmp_path) == {"link": b"ours", "target": b"theirs"}


async def test_removing(node: PipeNode, tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    remove = RemoveFile(str(tmp_path / "x"))
    assert await node.ask([remove, remove]) == [{"changed": True}, {"changed": False}]


async def test_temporaries_of_a_killed_agent_are_swept(node: PipeNode, tmp_path: Path) -> None:
    gone = await asyncio.create_subprocess_exec("true")
    await gone.wait()
    dead, living = f".x.fournines-{gone.pid}", f".x.fournines-{os.getpid()}"
    await node.ask([write(tmp_path / dead, b""), write(tmp_path / living, b""), write(tmp_path / "x", b"1")])
    assert contents(tmp_path) == {"x": b"1", living: b""}


@as_root
async def test_a_full_disk_leaves_the_old_file_and_no_temporary(node: PipeNode, tmp_path: Path) -> None:
    await node.ask([Run(("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)))])
    try:
        path = tmp_path / "x"
        await one(node, write(path, b"old"))
        reason = await refused(node, write(path, b"new" * 100_000))
        assert "the disk is full" in reason
        assert contents(tmp_path) == {"x": b"old"}
        assert await one(node, write(path, b"fits")) == {"changed": True}
    finally:
        await node.ask([Run(("umount", str(tmp_path)))])


@as_root
async def test_a_read_only_file_system_says_so(node: PipeNode, tmp_path: Path) -> None:
    await node.ask([Run(("mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(tmp_path)))])
    try:
        assert "read-only" in await refused(node, write(tmp_path / "x", b""))
    finally:
        await node.ask([Run(("umount", str(tmp_path)))])


# ---- commands ----------------------------------------------------------------------------------------

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
    reply = await mapping(node, Run(("sh", "-c", "yes 0123456 | head -c 300000; echo end")))
    text = str(reply["stdout"])
    assert len(text) == 64 << 10
    assert text.endswith("end\n")


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


# ---- asking others -----------------------------------------------------------------------------------

async def serve(reply: bytes) -> asyncio.Server:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n")
        writer.write(reply)
        if reply:
            writer.close()
        else:
            await reader.read()   # silent until the client gives up
            writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


def port_of(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])


async def test_http_get(node: PipeNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with await serve(b"HTTP/1.1 503 Not ready\r\nContent-Length: 6\r\n\r\nDonor\n") as server:
        reply = await mapping(node, HttpGet(f"http://127.0.0.1:{port_of(server)}/health"))
    assert (reply["status"], reply["body"]) == (503, "Donor\n")


async def test_http_get_of_a_silent_a_refusing_and_a_nonsensical_peer(node: PipeNode) -> None:
    async with await serve(b"") as server:
        reason = await refused(node, HttpGet(f"http://127.0.0.1:{port_of(server)}/", timeout_s=0.3))
        assert "no full answer within 0.3 s" in reason
    assert "refused" in await refused(node, HttpGet(f"http://127.0.0.1:{port_of_nobody()}/"))
    assert "is not an HTTP address" in await refused(node, HttpGet("file:///etc/passwd"))


def port_of_nobody() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def test_tcp_connect(node: PipeNode) -> None:
    async with await serve(b"x") as server:
        reply = await mapping(node, TcpConnect("127.0.0.1", port_of(server)))
        assert (reply["open"], reply["error"]) == (True, "")
    reply = await mapping(node, TcpConnect("127.0.0.1", port_of_nobody()))
    assert (reply["open"], reply["error"]) == (False, "Connection refused")


async def test_unix_ask(node: PipeNode, tmp_path: Path) -> None:
    path = str(tmp_path / "admin.sock")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"you said: " + await reader.readuntil(b"\n"))
        writer.close()

    async with await asyncio.start_unix_server(answer, path):
        whole = await mapping(node, UnixAsk(path, b"show stat\n"))
        assert base64.b64decode(str(whole["answer"])) == b"you said: show stat\n"
        head = await mapping(node, UnixAsk(path, b"show stat\n", answer_bytes=8))
        assert base64.b64decode(str(head["answer"])) == b"you said"
    assert "admin.sock" in await refused(node, UnixAsk(path + "x", b"show stat\n"))


async def test_package_facts(node: PipeNode) -> None:
    facts = await mapping(node, PackageFacts(("dpkg", "no-such-package-here")))
    assert facts["no-such-package-here"] is None
    assert str(facts["dpkg"])[0].isdigit()


async def test_unit_names_cannot_be_options_or_patterns(node: PipeNode) -> None:
    for name in ("--all", "ssh*", "a b"):
        assert "is not the name of a unit" in await refused(node, UnitFacts((name,)))


async def test_an_unknown_verb_is_refused(node: PipeNode) -> None:
    class Dance(Request):
        verb = "dance"

    assert "does not know the verb" in await refused(node, Dance())


@as_root
async def test_the_processes_of_a_unit_are_those_of_its_control_group(node: PipeNode) -> None:
    """A group of that name stands for the unit; a process outside it is not one of them."""
    unit = f"fournines-{os.getpid()}.service"
    group = ControlGroup(f"agent-{os.getpid()}", unit)
    group.create()
    inside = await asyncio.create_subprocess_exec("sleep", "60")
    outside = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        for directory in group.directories:
            (directory / "cgroup.procs").write_text(str(inside.pid))
        assert await mapping(node, UnitProcesses("fournines-none.service")) == {}
        began = ProcessId.of(inside.pid)
        assert began is not None
        assert await mapping(node, UnitProcesses(unit)) == {
            str(inside.pid): {"state": "S", "started": began.started}}
        inside.send_signal(signal.SIGSTOP)
        stopped = (await mapping(node, UnitProcesses(unit)))[str(inside.pid)]
        assert isinstance(stopped, dict)
        assert stopped["state"] == "T"
    finally:
        for process in (inside, outside):
            process.kill()
            await process.wait()
        group.remove()
