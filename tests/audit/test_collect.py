"""What is read of a directory tree, what is said of the rest, and what is accepted by a comment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fournines.audit import collect as collecting
from fournines.audit.cloud import Cloud
from fournines.audit.collect import collect
from fournines.audit.formats import read
from fournines.audit.judge import judge

CFG = "listen a\n server a 10.0.0.1:80 check\n server b 10.0.0.2:80\n"


def write(path: Path, text: str = CFG) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def seen(cloud: Cloud) -> list[tuple[str, str]]:
    return [(file.node, file.path) for file in cloud.files]


@pytest.mark.parametrize(("below", "named", "node"), [
    ("etc", "etc", "top"), ("etc", ".", "top"), ("ctl1/etc", ".", "ctl1"), ("run/ctl1/etc", ".", "run/ctl1"),
    ("ctl1/etc", "ctl1/etc/haproxy", "ctl1"), ("ctl1/etc", "ctl1/etc/haproxy/haproxy.cfg", "ctl1"),
])
def test_a_tree_is_found_however_it_is_named(tmp_path: Path, below: str, named: str, node: str) -> None:
    top = tmp_path / "top"
    write(top / below / "haproxy" / "haproxy.cfg")
    write(top / below / "passwd")
    assert seen(collect([top / named])) == [(node, "/etc/haproxy/haproxy.cfg")]


def test_a_file_without_its_tree_is_known_by_its_name(tmp_path: Path) -> None:
    assert seen(collect([write(tmp_path / "haproxy.cfg")])) == [("", "/haproxy.cfg")]
    assert not collect([write(tmp_path / "notes.txt")]).files
    assert collect([tmp_path / "notes.txt"]).unread[0].why == "its name is that of no file that is known here"


def test_what_commands_have_printed_is_read_beside_etc(tmp_path: Path) -> None:
    for name in ("etc/fstab", "proc/drbd", "wsrep-status.txt", "notes.txt", "var/other/wsrep-status.txt"):
        write(tmp_path / "ctl1" / name)
    states = [("ctl1", "/etc/fstab"), ("ctl1", "/proc/drbd"), ("ctl1", "/wsrep-status.txt")]
    assert sorted(seen(collect([tmp_path]))) == sorted(seen(collect([tmp_path / "ctl1"]))) == states
    assert seen(collect([tmp_path / "ctl1" / "etc"])) == states[:1]


def test_links_are_followed_as_on_the_node_and_never_out_of_it(tmp_path: Path) -> None:
    etc = tmp_path / "node" / "etc"
    write(etc / "alternatives" / "real", "[mysqld]\n")
    (etc / "mysql").mkdir()
    (etc / "mysql" / "my.cnf").symlink_to("/etc/alternatives/real")
    outside = write(tmp_path / "secret", "[mysqld]\nwsrep_sst_auth = a:b\n")
    (etc / "mysql" / "out.cnf").symlink_to(outside)
    (etc / "mysql" / "up.cnf").symlink_to("../../../secret")
    (etc / "mysql" / "round.cnf").symlink_to("round.cnf")
    (etc / "loop").symlink_to(etc)
    cloud = collect([tmp_path / "node"])
    assert seen(cloud) == [("node", "/etc/mysql/my.cnf")]
    assert {Path(unread.shown).name for unread in cloud.unread} == {"out.cnf", "up.cnf", "round.cnf"}


def test_what_is_no_plain_file_or_too_large_is_said_and_not_read(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    etc = tmp_path / "etc"
    write(etc / "haproxy" / "haproxy.cfg", "x" * 11)
    os.mkfifo(etc / "haproxy" / "pipe.cfg")
    monkeypatch.setattr(collecting, "LARGEST_BYTES", 10)
    cloud = collect([tmp_path])
    assert not cloud.files
    assert len(cloud.unread) == 2


def test_what_may_not_be_read_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "etc" / "haproxy" / "haproxy.cfg")

    def refused(path: Path) -> tuple[os.stat_result, bytes]:   # root, who runs tests, may read everything
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(collecting, "_content", refused)
    (verdict,) = judge(collect([tmp_path])).verdicts
    assert (verdict.rule.id, verdict.what) == ("AUD001", "could not be read: Permission denied")


def test_text_in_any_encoding_is_read(tmp_path: Path) -> None:
    path = tmp_path / "haproxy.cfg"
    path.write_bytes(b"\xef\xbb\xbfglobal\n # \xff\xfe\n maxconn 1\n")
    assert not judge(collect([path])).verdicts[1:]


def test_a_file_in_another_format_is_not_told_line_by_line() -> None:
    file = read("a", "/etc/sysctl.conf", "sysctl.conf", b"nonsense\n" * 5000)
    assert file is not None
    assert len(file.problems) == 101
    assert (file.problems[-1].line, file.problems[-1].what) == (101, "4900 more lines from here on")


def accepted(text: str) -> list[tuple[str, int, str]]:
    file = read("a", "/etc/haproxy/haproxy.cfg", "haproxy.cfg", text.encode())
    assert file is not None
    return [(verdict.rule.id, verdict.place.line, verdict.accepted)
            for verdict in judge(Cloud((file,))).verdicts if verdict.rule.id in ("HAP001", "AUD003")]


@pytest.mark.parametrize(("text", "expected"), [
    ("listen a\n server a 1.1.1.1:1  # fournines: ignore HAP001 because it is old\n server b 1.1.1.2:1\n",
     [("HAP001", 2, "it is old"), ("HAP001", 3, "")]),
    ("listen a\n# fournines: ignore HAP001, HAP007 because old\n# and said so\n\n server a 1.1.1.1:1\n"
     " server b 1.1.1.2:1\n", [("HAP001", 5, "old"), ("HAP001", 6, "")]),
    ("listen a\n server a 1.1.1.1:1  # fournines: ignore HAP001\n server b 1.1.1.2:1 check\n",
     [("HAP001", 2, ""), ("AUD003", 2, "")]),
    ("listen a\n server a 1.1.1.1:1  # fournines: ignore HAP002 because of another\n server b 1.1.1.2:1 "
     "check\n",
     [("HAP001", 2, "")]),
])
def test_a_comment_accepts_the_finding_of_its_line(text: str, expected: list[tuple[str, int, str]]) -> None:
    assert sorted(accepted(text)) == sorted(expected)


def test_a_comment_anywhere_accepts_what_is_said_of_the_whole_file() -> None:
    file = read("a", "/etc/corosync/corosync.conf", "c", b"totem {\n}\n# fournines: ignore COR016 because a "
                                                         b"test\n")
    assert file is not None
    reasons = {verdict.rule.id: verdict.accepted for verdict in judge(Cloud((file,))).verdicts}
    assert reasons["COR016"] == "a test"
    assert reasons["COR001"] == ""
