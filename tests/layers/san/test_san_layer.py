"""The san layer: what Pacemaker is asked for, and when a file system may be made on a disk others see."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from fournines.blueprint.hardware import Disk
from fournines.blueprint.snapshot import Snapshot, Unreadable
from fournines.blueprint.volumes import MirroredVolume, SharedVolume, volume_named
from fournines.cluster.notation import Wrong
from fournines.cluster.timers import derive
from fournines.cluster.topology import Cluster, Network, Node, Recovery
from fournines.layers.layer import Site
from fournines.layers.node.disk_content import Refused
from fournines.layers.san import LAYER, health, procedures
from fournines.layers.san.health import Seen
from fournines.layers.san.node import shared_disk
from fournines.layers.san.spec import SanSpec

MYSQL = SharedVolume("mysql", "/dev/san/mysql", "/var/lib/mysql")
NODES = ("node1", "node2", "node3")
BLANK = Seen(health.BLANK, filesystem="", uuid="", mounted=False)
MADE = Seen("data: xfs", filesystem="xfs", uuid="a", mounted=False)


@pytest.fixture
def site() -> Site:
    management = Network("management", IPv4Network("192.168.42.0/24"))
    nodes = tuple(Node(name, {"management": IPv4Address(f"192.168.42.{81 + number}")})
                  for number, name in enumerate(NODES))
    made = Cluster("san", "zed", "debian12", Recovery(24.0), networks={"management": management}, vips={},
                   nodes=nodes, layers={"membership": object(), "san": SanSpec((MYSQL,))})
    return Site(made, derive(made), {})


def seen(*of_each: Seen | None) -> Snapshot:
    """None: the node does not answer."""
    return Snapshot({node: {health.DISKS: {"mysql": value}}
                     for node, value in zip(NODES, of_each, strict=True) if value is not None}, {})


def verdict(snapshot: Snapshot, node: str = "node1") -> tuple[bool | None, bool | None]:
    """Nothing to do, and may be done."""
    (step,) = procedures.steps((MYSQL,), NODES)
    assert step.unless is not None
    assert step.only_if is not None
    return step.unless.judge(snapshot, node).truth, step.only_if.judge(snapshot, node).truth


def test_a_file_system_is_mounted_by_its_group_alone(site: Site) -> None:
    asked = LAYER.exchange(site.cluster, site.timers)
    (mounted,) = asked.resources.primitives
    assert mounted.parameters == {"device": "/dev/san/mysql", "directory": "/var/lib/mysql", "fstype": "xfs",
                                  "options": "relatime"}
    bound = volume_named(site.cluster, "mysql")
    assert bound == MYSQL
    assert not any((bound.carries("g_mysql").colocations, bound.carries("g_mysql").orders))
    assert asked.before_resources == (MYSQL.ready,)
    assert {each.node: each.disks for each in asked.hardware} == dict.fromkeys(
        NODES, (Disk("/dev/san/mysql", 640, shared=True),))


def test_a_file_system_is_made_only_where_every_node_sees_a_blank_disk() -> None:
    assert verdict(seen(BLANK, BLANK, BLANK)) == (False, True)
    foreign = replace(BLANK, holds="data: ext4")
    assert verdict(seen(BLANK, foreign, BLANK)) == (False, False)
    assert verdict(seen(BLANK, BLANK, None))[1] is None
    assert verdict(seen(BLANK, replace(BLANK, holds="unknown: no such file"), BLANK)) == (False, False)


def test_it_is_made_when_every_node_sees_the_same() -> None:
    assert verdict(seen(MADE, MADE, MADE))[0] is True
    assert verdict(seen(MADE, MADE, BLANK)) == (False, False)   # another disk there
    assert verdict(seen(MADE, MADE, replace(MADE, uuid="b"))) == (False, False)


def test_one_in_use_was_made_whoever_is_away() -> None:
    used = replace(MADE, mounted=True)
    assert verdict(seen(used, MADE, None))[0] is True
    assert verdict(seen(used, MADE, BLANK))[0] is True


def test_nobody_mounts_it_beside_pacemaker_while_another_has_it() -> None:
    def free(*of_each: Seen | None) -> bool | None:
        return MYSQL.free(NODES).judge(seen(*of_each), "node1").truth

    assert free(MADE, MADE, MADE) is True
    assert free(MADE, replace(MADE, mounted=True), MADE) is False
    assert free(MADE, None, MADE) is None


def test_what_must_be_true() -> None:
    one, most = (each.holds for each in health.invariants((MYSQL,), NODES))
    used = replace(MADE, mounted=True)
    assert [each.judge(seen(used, MADE, MADE), "node1").truth for each in (one, most)] == [True, True]
    assert [each.judge(seen(used, used, MADE), "node1").truth for each in (one, most)] == [True, False]
    assert one.judge(seen(used, MADE, BLANK), "node1").truth is False
    assert most.judge(seen(used, MADE, None), "node1").truth is None


def test_what_no_disk_can_be_is_refused() -> None:
    for wrong in ((), (replace(MYSQL, disk="mysql"),), (replace(MYSQL, disk="/srv/file"),),
                  (replace(MYSQL, name="1"),), (replace(MYSQL, mount="/var/../mysql"),),
                  (MYSQL, replace(MYSQL, name="other", mount="/other"))):
        with pytest.raises(Wrong):
            SanSpec(wrong)


def test_a_mirrored_volume_is_another_kind() -> None:
    mirrored = MirroredVolume("mysql", 0, 7700, "/dev/data/mysql", "/var/lib/mysql")
    assert (mirrored.promotes, MYSQL.promotes) == (True, False)
    assert len(mirrored.carries("g_mysql").orders) == 1


# ------------------------------------------------------------------------------------------- the node script


def test_what_the_script_tells_is_read() -> None:
    told = {"mysql": {"holds": "blank", "filesystem": "", "uuid": "", "mounted": False}}
    assert health.parse_disks({"stdout": json.dumps(told)}) == {"mysql": BLANK}
    for nonsense in ({"stdout": "[]"}, {"stdout": "{\"mysql\": {}}"}, None):
        with pytest.raises(Unreadable):
            health.parse_disks(nonsense)


def test_a_file_system_is_known_by_its_first_block(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(b"XFSB" + bytes(28) + bytes(range(16)) + bytes(8144))
    assert shared_disk.facts_of(str(disk), "") == {
        "holds": "data: xfs", "filesystem": "xfs", "uuid": "00010203-0405-0607-0809-0a0b0c0d0e0f",
        "mounted": False}
    assert shared_disk.facts_of("/nowhere", "")["holds"].startswith("unknown: ")   # type: ignore[attr-defined]
    disk.write_bytes(bytes(8192))
    assert shared_disk.facts_of(str(disk), "")["holds"] == f"{disk} is no block device"


def test_what_is_mounted_is_known_by_its_number() -> None:
    mounts = ("36 35 7:0 / /mnt rw,noatime - xfs /dev/loop0 rw\n"
              "37 35 8:17 / /7:1 rw,noatime - ext4 /dev/sdb1 rw\n")
    assert shared_disk.is_mounted(os.makedev(7, 0), mounts)
    assert not shared_disk.is_mounted(os.makedev(7, 1), mounts)


def test_nothing_is_made_over_what_is_no_blank_disk(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(b"something")
    with pytest.raises(Refused):
        shared_disk.make(str(disk), "xfs")
    assert disk.read_bytes() == b"something"
