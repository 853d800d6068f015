"""Archives are read in memory, within bounds, and as the nodes that they hold."""

from __future__ import annotations

import io
import re
import tarfile
from pathlib import Path

import pytest

from fournines.audit import archives
from fournines.audit.collect import collect
from fournines.audit.formats import PATTERN
from fournines.audit.judge import judge

CFG = "listen a\n server a 10.0.0.1:80 check\n server b 10.0.0.2:80\n"
CIB = "<cib><configuration><resources/></configuration></cib>"


def packed(path: Path, members: dict[str, str], links: dict[str, str] | None = None) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    return path


def seen(*paths: Path) -> list[tuple[str, str]]:
    return [(file.node, file.path) for file in collect(paths).files]


def test_the_etc_of_each_node_is_found_in_an_archive(tmp_path: Path) -> None:
    path = packed(tmp_path / "all.tar.gz", {
        "./ctl1/etc/haproxy/haproxy.cfg": CFG, "ctl2/etc/haproxy/haproxy.cfg": CFG, "ctl2/etc/passwd": "",
        "ctl2/root/setup.sh": "rabbitmqctl reset\n", "ctl2/home/etc.sh": "rabbitmqctl reset\n",
        "ctl2/var/lib/pacemaker/cib/cib.xml": CIB})
    assert seen(path) == [
        ("ctl1", "/etc/haproxy/haproxy.cfg"), ("ctl2", "/etc/haproxy/haproxy.cfg"),
        ("ctl2", "/root/setup.sh"),
        ("ctl2", "/var/lib/pacemaker/cib/cib.xml")]
    places = {str(verdict.place) for verdict in judge(collect([path])).verdicts
              if verdict.rule.id == "HAP001"}
    assert places == {f"{path}:{node}/etc/haproxy/haproxy.cfg:3" for node in ("ctl1", "ctl2")}


def test_what_commands_have_printed_is_found_beside_etc(tmp_path: Path) -> None:
    names = ("ctl1/etc/fstab", "ctl1/proc/drbd", "ctl1/wsrep-status.txt", "ctl1/proc/mounts")
    assert seen(packed(tmp_path / "all.tar.gz", dict.fromkeys(names, ""))) == [
        ("ctl1", "/etc/fstab"), ("ctl1", "/proc/drbd"), ("ctl1", "/wsrep-status.txt")]


def test_somebodys_copies_are_no_configuration(tmp_path: Path) -> None:
    names = ("ctl1/etc/haproxy/haproxy.cfg", "ctl1/root/kept/haproxy.cfg", "ctl1/root/setup.sh")
    assert seen(packed(tmp_path / "all.tar.gz", dict.fromkeys(names, ""))) == [
        ("ctl1", "/etc/haproxy/haproxy.cfg"), ("ctl1", "/root/setup.sh")]
    assert re.fullmatch(PATTERN, "/root/setup.sh")
    assert re.fullmatch(PATTERN, "/root/kept/haproxy.cfg") is None   # nor are running nodes asked for them


def test_an_archive_of_one_etc_is_a_node_of_its_name(tmp_path: Path) -> None:
    path = packed(tmp_path / "ctl1.tgz", {"etc/haproxy/haproxy.cfg": CFG})
    assert seen(path) == [("ctl1", "/etc/haproxy/haproxy.cfg")]
    assert seen(tmp_path) == [("ctl1", "/etc/haproxy/haproxy.cfg")]


def test_a_cluster_report_has_one_folder_for_each_node(tmp_path: Path) -> None:
    members = {f"report/{node}/{name}": text for node in ("n1", "n2")
               for name, text in (("cib.xml", CIB), ("corosync.conf", "totem {\n}\n"), ("sysinfo.txt", ""))}
    expected = [("n1", "/cib.xml"), ("n1", "/corosync.conf"), ("n2", "/cib.xml"), ("n2", "/corosync.conf")]
    assert seen(packed(tmp_path / "report.tar.gz", members)) == expected
    for name, text in members.items():
        (tmp_path / "unpacked" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "unpacked" / name).write_text(text)
    assert [(node.rpartition("/")[2], path) for node, path in seen(tmp_path / "unpacked")] == expected


def test_links_are_followed_in_the_archive_and_nowhere_else(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.tar.gz", {"n/etc/mysql/mariadb.cnf": "[mysqld]\n"}, {
        "n/etc/mysql/my.cnf": "/etc/alternatives/database",
        "n/etc/alternatives/database": "/etc/mysql/mariadb.cnf",
        "n/etc/mysql/out.cnf": "../../../../../../etc/passwd", "n/etc/mysql/round.cnf": "round.cnf"})
    assert seen(path) == [("n", "/etc/mysql/mariadb.cnf"), ("n", "/etc/mysql/my.cnf")]


def test_what_is_not_whole_or_too_large_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path / "a.tar.gz",
                  {"etc/haproxy/haproxy.cfg": CFG, "etc/corosync/corosync.conf": "x" * 99})
    whole = path.read_bytes()
    monkeypatch.setattr(archives, "LARGEST_BYTES", 98)
    assert [unread.why for unread in collect([path]).unread] == ["it is too large to be configuration"]
    monkeypatch.setattr(archives, "MOST_MEMBERS", 1)
    assert "not read to its end" in collect([path]).unread[0].why
    monkeypatch.undo()
    for length in range(0, len(whole) // 2, 7):
        path.write_bytes(whole[:length])
        assert collect([path]).unread


def test_names_that_climb_stay_in_the_archive(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.tar.gz",
                  {"../../etc/haproxy/haproxy.cfg": CFG, "/etc/keepalived/keepalived.conf": ""})
    assert seen(path) == [("a", "/etc/haproxy/haproxy.cfg"), ("a", "/etc/keepalived/keepalived.conf")]
