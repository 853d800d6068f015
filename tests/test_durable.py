"""A durable file is whole or not there."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

import pytest

from fournines.durable import make_private_directory, write_durably


def test_new_file_has_the_content_and_the_mode_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_durably(tmp_path / "plan.json", b"{}", mode=0o644)
    finally:
        os.umask(before)
    assert (tmp_path / "plan.json").read_bytes() == b"{}"
    assert (tmp_path / "plan.json").stat().st_mode & 0o777 == 0o644


def test_replacing_keeps_readers_on_the_whole_old_file(tmp_path: Path) -> None:
    path = tmp_path / "state"
    write_durably(path, b"old" * 1000)
    with path.open("rb") as reader:
        first = reader.read(3)
        write_durably(path, b"new")
        assert first + reader.read() == b"old" * 1000
    assert path.read_bytes() == b"new"


def test_a_failed_write_leaves_nothing_beside_the_old_content(tmp_path: Path) -> None:
    occupied = tmp_path / "occupied"
    (occupied / "child").mkdir(parents=True)
    with pytest.raises(OSError, match="occupied"):
        write_durably(occupied, b"cannot replace a directory that is not empty")
    assert [entry.name for entry in tmp_path.iterdir()] == ["occupied"]


def test_a_write_that_runs_out_of_room_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "state"
    write_durably(path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_durably(path, b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["state"]


def test_private_directories_are_private_and_may_exist(tmp_path: Path) -> None:
    deep = tmp_path / ".fournines" / "demo"
    make_private_directory(deep)
    make_private_directory(deep)
    assert deep.stat().st_mode & 0o777 == 0o700
    assert deep.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_where_the_directory_should_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("")
    with pytest.raises(NotADirectoryError):
        make_private_directory(tmp_path / "demo")
