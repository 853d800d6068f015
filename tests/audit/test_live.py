"""Running nodes are asked once, read, and left as they were."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from fournines.audit import live
from fournines.audit.judge import judge
from fournines.audit.live import collect_live, described
from fournines.blueprint.requests import Failed, ReadTree, Reply, Request, Run
from fournines.cli.reaching import doors_of_hosts
from fournines.errors import FourninesError, Unreachable
from fournines.nodes.door import CommandDoor
from fournines.nodes.pipe import PipeNode

CFG = "listen a\n server a 10.0.0.1:80 check\n server b 10.0.0.2:80\n"
NOBODY = 65534


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is read of a node: a tree of this test's own instead of the machine's."""
    monkeypatch.setattr(live, "PATHS", (str(tmp_path / "etc"),))
    for name, text in (("haproxy/haproxy.cfg", CFG), ("passwd", "root"), ("nova/nova.conf", "[DEFAULT]\n")):
        (tmp_path / "etc" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "etc" / name).write_text(text)
    return tmp_path / "etc"


@pytest.fixture
async def node() -> AsyncIterator[PipeNode]:
    door = CommandDoor("ctl1", ())
    node = PipeNode(door)
    yield node
    await node.close()
    await door.close()


async def test_the_files_of_a_node_are_judged_with_their_permissions(node: PipeNode, etc: Path) -> None:
    (etc / "nova" / "nova.conf").chmod(0o604)
    cloud = await collect_live({"ctl1": node})
    assert [(file.node, file.path.removeprefix(str(etc)), file.mode) for file in cloud.files] == [
        ("ctl1", "/haproxy/haproxy.cfg", (etc / "haproxy" / "haproxy.cfg").stat().st_mode & 0o7777),
        ("ctl1", "/nova/nova.conf", 0o604)]
    assert f"ctl1:{etc}/haproxy/haproxy.cfg:3" in {str(verdict.place) for verdict in judge(cloud).verdicts}


class Asked:
    """A node that keeps what it was asked, or does not answer."""

    name = "ctl2"

    def __init__(self, replies: list[Reply] | None) -> None:
        self.replies = replies
        self.requests: list[Request] = []

    async def ask(self, requests: Sequence[Request], *, together: bool = False,
                  timeout_s: float = 60.0) -> list[Reply]:
        self.requests += requests
        if self.replies is None:
            raise Unreachable("ctl2", "no route to host")
        return self.replies

    async def close(self) -> None: ...


NO_PROGRAM = Failed("cannot be started: No such file or directory")


async def test_one_batch_is_all_that_a_node_is_asked() -> None:
    asked = Asked([{"files": {}, "unread": {"/etc/nova/nova.conf": "Permission denied"}}, *[NO_PROGRAM] * 5])
    cloud = await collect_live({"ctl2": asked})
    assert [request.describe() for request in asked.requests] == list(described())
    assert [type(request) for request in asked.requests] == [ReadTree, *[Run] * 5]
    (verdict,) = judge(cloud).verdicts
    assert (verdict.rule.id, str(verdict.place)) == ("AUD001", "ctl2:/etc/nova/nova.conf")


async def test_a_command_is_missed_where_its_system_is_configured_and_nowhere_else() -> None:
    conf = {"content": base64.b64encode(b"totem {\n}\n").decode(), "mode": 0o644}
    asked = Asked([{"files": {"/etc/corosync/corosync.conf": conf}, "unread": {}}, *[NO_PROGRAM] * 5])
    cloud = await collect_live({"ctl2": asked})
    (unread,) = cloud.unread
    assert (unread.shown, unread.why) == ("ctl2:crm_mon.xml", NO_PROGRAM.reason)


@pytest.mark.parametrize(("path", "text", "missed"), [
    ("/etc/my.cnf.d/galera.cnf", "[galera]\nwsrep_on = ON\n", True),
    ("/etc/my.cnf", "[mysqld]\nwsrep_on = ON\n", True),
    ("/etc/mysql/mariadb.conf.d/60-galera.cnf", "[mariadb]\nwsrep_on = ON\n", True),
    ("/etc/my.cnf", "[client-server]\n!includedir /etc/my.cnf.d\n", False),   # of mere clients
    ("/etc/mysql/conf.d/mysqldump.cnf", "[mysqldump]\nquick\n", False)])
async def test_the_state_of_a_database_is_missed_wherever_its_server_is_configured(
        path: str, text: str, missed: bool) -> None:
    conf = {"content": base64.b64encode(text.encode()).decode(), "mode": 0o644}
    refused = Failed("exit 1: ERROR 1045 (28000): Access denied for user 'audit'@'localhost'")
    asked = Asked([{"files": {path: conf}, "unread": {}}, *[NO_PROGRAM] * 3, refused, NO_PROGRAM])
    cloud = await collect_live({"ctl2": asked})
    assert [each.shown for each in cloud.unread] == (["ctl2:wsrep-status.txt"] if missed else [])


async def test_what_a_command_tells_is_judged() -> None:
    told = '[{"name": "r", "role": "Primary", "devices": [{"disk-state": "Diskless"}], "connections": []}]'
    silent = {"rc": 0, "stdout": "", "stderr": ""}
    asked = Asked([{"files": {}, "unread": {}}, NO_PROGRAM, silent, {"rc": 0, "stdout": told, "stderr": ""},
                   NO_PROGRAM, NO_PROGRAM])
    (verdict,) = judge(await collect_live({"ctl2": asked})).verdicts
    assert (verdict.rule.id, str(verdict.place)) == ("DRB010", "ctl2:drbdsetup-status.json")


async def test_a_command_of_which_nobody_is_sure_is_not_missed() -> None:
    conf = {"content": base64.b64encode(b"resource r {\n}\n").decode(), "mode": 0o644}
    proc = {"rc": 0, "stdout": "version: 8.4.11\n 0: cs:StandAlone ro:Primary/Unknown ds:UpToDate/DUnknown\n",
            "stderr": ""}
    asked = Asked([{"files": {"/etc/drbd.d/r.res": conf}, "unread": {}}, NO_PROGRAM, proc, *[NO_PROGRAM] * 3])
    cloud = await collect_live({"ctl2": asked})
    assert cloud.unread == ()
    assert ("DRB010", "ctl2:proc/drbd") in {(each.rule.id, str(each.place)) for each in judge(cloud).verdicts}


async def test_a_unit_that_starts_at_boot_is_known_by_its_link_which_need_not_lead_anywhere() -> None:
    path = "/etc/systemd/system/multi-user.target.wants/nginx.service"
    asked = Asked([{"files": {}, "unread": {path: "No such file or directory"}}, *[NO_PROGRAM] * 5])
    cloud = await collect_live({"ctl2": asked})
    assert ([file.path for file in cloud.files], cloud.unread) == ([path], ())


async def test_the_defaults_of_a_package_are_not_judged_where_nothing_starts_it() -> None:
    conf = {"content": base64.b64encode(b"totem {\n}\n").decode(), "mode": 0o644}
    units = {"rc": 0, "stdout": "Id=ssh.service\nActiveState=active\nUnitFileState=enabled\n", "stderr": ""}
    asked = Asked([{"files": {"/etc/corosync/corosync.conf": conf}, "unread": {}}, *[NO_PROGRAM] * 4, units])
    cloud = await collect_live({"ctl2": asked})
    assert cloud.unread == ()   # nor is crm_mon missed
    (verdict,) = judge(cloud).verdicts
    assert (verdict.rule.id, str(verdict.place)) == ("AUD005", "ctl2:/etc/corosync/corosync.conf")


async def test_a_node_that_does_not_answer_is_a_finding() -> None:
    (unread,) = (await collect_live({"ctl2": Asked(None)})).unread
    assert (unread.shown, unread.why) == ("ctl2", "ctl2: no route to host")


@pytest.mark.skipif(os.getuid() != 0, reason="becomes another user")
async def test_another_user_is_told_what_it_may_not_read(etc: Path) -> None:
    (etc / "nova" / "nova.conf").chmod(0o600)
    for above in (etc, *etc.parents):
        if above.is_relative_to("/tmp") and above != Path("/tmp"):
            above.chmod(0o755)
    become = (f"import os, sys; os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY}); "
              "os.execv('/usr/bin/python3', sys.argv[1:])")
    node = PipeNode(CommandDoor("ctl1", (sys.executable, "-c", become)))
    try:
        cloud = await collect_live({"ctl1": node})
    finally:
        await node.close()
    assert [file.path for file in cloud.files] == [f"{etc}/haproxy/haproxy.cfg"]
    assert [(unread.shown, unread.why) for unread in cloud.unread] == [
        (f"ctl1:{etc}/nova/nova.conf", "Permission denied")]


def test_hosts_are_named_as_ssh_names_them() -> None:
    doors = doors_of_hosts(["admin@ctl1:2222", "ctl2", "[fd00::1]"], None, as_root=True)
    assert list(doors) == ["ctl1", "ctl2", "fd00::1"]
    with pytest.raises(FourninesError, match="is no host"):
        doors_of_hosts(["-oProxyCommand=x"], None, as_root=True)
