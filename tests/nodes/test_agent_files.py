"""Files and trees, read and written by the real agent on this machine."""

from __future__ import annotations

import asyncio
import base64
import grp
import hashlib
import os
import pwd
import stat
from pathlib import Path

from fournines.blueprint.requests import (
    Failed,
    FileFacts,
    JsonValue,
    MakeDirectory,
    ReadFile,
    ReadTree,
    RemoveFile,
    Run,
    WriteFile,
)
from fournines.nodes.pipe import PipeNode
from nodes.asked import GROUP, USER, as_root, contents, mapping, one, refused, write


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
