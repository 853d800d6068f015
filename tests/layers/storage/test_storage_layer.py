"""The storage layer: DRBD's files, what Pacemaker is asked for, and when something may be made anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from fournines.artifacts import drbd
from fournines.blueprint.left_alone import Boot
from fournines.blueprint.resources import RESOURCES, Placed, Placements
from fournines.blueprint.snapshot import Snapshot, Unreadable
from fournines.blueprint.volumes import MirroredVolume, volume_named
from fournines.cluster.notation import Wrong
from fournines.cluster.timers import derive
from fournines.cluster.topology import Cluster, Network, Node, Recovery
from fournines.errors import ClusterFileError
from fournines.layers.layer import Site
from fournines.layers.storage import LAYER, artifacts, health, procedures
from fournines.layers.storage.invariants import invariants
from fournines.layers.storage.spec import StorageSpec

MYSQL = MirroredVolume("mysql", 0, 7700, "/dev/data/mysql", "/var/lib/mysql")
RABBITMQ = MirroredVolume("rabbitmq", 1, 7701, "/dev/data/rabbitmq", "/var/lib/rabbitmq")
NODES = ("node1", "node2")
BLANK = health.Device("blank", used=False, filesystem="", connection="", role="", peer_role="", disk="",
                      peer_disk="", current="", base="", history=())
NEW = replace(BLANK, holds=health.METADATA, connection="Connected", role="Secondary", peer_role="Secondary",
              disk="Inconsistent", peer_disk="Inconsistent", current="0000000000000004")
USED = replace(NEW, used=True, filesystem="xfs", disk="UpToDate", peer_disk="UpToDate",
               current="7A0AC9D698AE5EE4")


def cluster(controllers: int = 2, **layers: object) -> Cluster:
    networks = {"management": IPv4Network("192.168.42.0/24"), "replication": IPv4Network("10.0.42.0/24")}
    addresses = [("192.168.42.82", "10.0.42.100"), ("192.168.42.83", "10.0.42.254"),
                 ("192.168.42.84", "10.0.42.253")]
    return Cluster(
        "guide", "zed", "debian12", Recovery(30.0),
        networks={name: Network(name, cidr) for name, cidr in networks.items()}, vips={},
        nodes=tuple(Node(f"node{number}", dict(zip(networks, map(IPv4Address, pair), strict=True)))
                    for number, pair in enumerate(addresses[:controllers], 1)),
        layers={"membership": object(), "storage": StorageSpec((MYSQL, RABBITMQ)), **layers})


@pytest.fixture
def site() -> Site:
    made = cluster()
    return Site(made, derive(made), {})


def seen(one: health.Device, other: health.Device) -> Snapshot:
    return Snapshot({node: {health.DEVICES: {"mysql": device, "rabbitmq": USED}, health.BOOT: Boot(())}
                     for node, device in zip(NODES, (one, other), strict=True)}, {})


def verdicts(name: str, snapshot: Snapshot,
             settings: Mapping[str, str] | None = None) -> list[tuple[bool | None, bool | None]]:
    """Of the step on each node: nothing to do, and may be done."""
    steps = procedures.steps((MYSQL, RABBITMQ), NODES, settings or {})
    step = next(each for each in steps if each.name == name)
    assert step.unless is not None
    return [(step.unless.judge(snapshot, node).truth,
             step.only_if.judge(snapshot, node).truth if step.only_if else True) for node in NODES]


def test_the_resource_is_the_guides(site: Site) -> None:
    assert drbd.emit(artifacts.resource(site, MYSQL)).splitlines()[1:] == [
        "resource mysql {", "    device minor 0;", "    disk /dev/data/mysql;", "    meta-disk internal;",
        "    on node1 {", "        address ipv4 10.0.42.100:7700;", "    }",
        "    on node2 {", "        address ipv4 10.0.42.254:7700;", "    }", "}"]


def test_a_write_is_on_both_disks_and_a_lost_side_is_fenced(site: Site) -> None:
    (_, common) = artifacts.common(site, StorageSpec((MYSQL,))).sections
    (net,), (disk,), (handlers,) = (common.all(name) for name in ("net", "disk", "handlers"))
    written = {each.keyword: each.value for each in (*net.statements, *disk.statements)}
    assert written == written | {
        "protocol": "C", "fencing": "resource-and-stonith", "verify-alg": "crc32c", "al-extents": "67",
        "resync-rate": "100M", "after-sb-0pri": "disconnect", "ping-int": "2", "timeout": "16",
        "connect-int": "2", "ping-timeout": "15"}
    assert [each.value for each in handlers.statements] == [
        "python3 -I -S /usr/lib/fournines/fence_peer.py", "/usr/lib/drbd/crm-unfence-peer.sh",
        "/usr/lib/drbd/crm-unfence-peer.sh; attrd_updater --name=master-p_drbd_$DRBD_RESOURCE --update=10000"]


def test_a_device_has_one_writer_and_is_mounted_where_it_is(site: Site) -> None:
    asked = LAYER.exchange(site.cluster, site.timers)
    clone = next(each for each in asked.resources.clones if each.id == "ms_drbd_mysql")
    assert clone.promotable
    assert (clone.of, clone.meta["promoted-max"], clone.meta["notify"]) == ("p_drbd_mysql", "1", "false")
    device = next(each for each in asked.resources.primitives if each.id == "p_drbd_mysql")
    assert device.parameters["ignore_missing_notifications"] == "true"   # or the agent refuses to start
    mounted = next(each for each in asked.resources.primitives if each.id == "p_fs_mysql")
    assert mounted.parameters == {"device": "/dev/drbd0", "directory": "/var/lib/mysql", "fstype": "xfs",
                                  "options": "relatime"}
    assert set(asked.before_resources) == {procedures.LEAVE, MYSQL.ready, RABBITMQ.ready}


def test_metadata_are_written_on_a_blank_disk_only() -> None:
    write = "storage: write the metadata of mysql"
    assert verdicts(write, seen(BLANK, BLANK)) == [(False, True), (False, True)]
    foreign = replace(BLANK, holds="data: ext4")
    assert verdicts(write, seen(foreign, BLANK)) == [(False, False), (False, True)]
    assert verdicts(write, seen(USED, replace(BLANK, holds="unknown: no such file"))) == [
        (True, False), (False, False)]


def test_a_side_that_is_new_beside_one_in_use_never_fills_it() -> None:
    fill = "storage: fill mysql from one side"
    assert verdicts(fill, seen(NEW, NEW)) == [(False, True)] * 2
    assert verdicts(fill, seen(NEW, USED))[0][0] is True
    assert verdicts(fill, seen(NEW, replace(NEW, connection="WFConnection")))[0] == (False, False)
    unknown = Snapshot({"node1": {health.DEVICES: {"mysql": NEW}}}, {})
    assert verdicts(fill, unknown)[0] == (None, None)


def test_a_file_system_is_made_once_on_an_up_to_date_side() -> None:
    filled = replace(USED, filesystem="")
    target = replace(filled, disk="Inconsistent")
    assert verdicts(MYSQL.ready, seen(filled, target)) == [(False, True), (False, False)]
    assert verdicts(MYSQL.ready, seen(USED, replace(target, filesystem="")))[1][0] is True
    assert verdicts(MYSQL.ready, seen(replace(filled, filesystem="unknown"), target))[0] == (False, False)


@pytest.mark.parametrize(("one", "other", "broken"), [
    (USED, USED, []),
    (replace(USED, role="Primary"), replace(USED, role="Primary"), ["at most one node is primary of mysql"]),
    (replace(USED, connection="StandAlone", current="AA", base=USED.current),
     replace(USED, connection="WFConnection", current="BB", base=USED.current),
     ["the two sides of mysql have one history", "the two sides of mysql talk to each other",
      "both sides of mysql are up to date"]),
    (replace(USED, connection="SyncSource", peer_disk="Inconsistent"), replace(USED, connection="SyncTarget"),
     ["both sides of mysql are up to date"]),
])
def test_invariants(one: health.Device, other: health.Device, broken: list[str]) -> None:
    judged = {each.name: each.holds.judge(seen(one, other), "node1").truth
              for each in invariants((MYSQL,), NODES)}
    assert [name for name, truth in judged.items() if truth is not True] == broken


def test_what_has_changed_is_put_in_force_where_the_volume_is_up(site: Site) -> None:
    """Not where the two sides were parted: they would talk again. Nor where a disk was lost."""
    name = "storage: put the settings of mysql in force"
    wanted = artifacts.options(site, StorageSpec((MYSQL,)))
    assert wanted == wanted | {"ping-int": "2", "resync-rate": "102400k", "c-plan-ahead": "0"}
    now = replace(USED, settings={**wanted, "sndbuf-size": "0"})
    old, of_before = replace(USED, settings={**wanted, "ping-int": "3"}), USED
    assert verdicts(name, seen(now, BLANK), wanted) == [(True, True), (True, True)]
    assert verdicts(name, seen(old, of_before), wanted) == [(False, True), (False, True)]
    parted = replace(old, connection="StandAlone")
    assert verdicts(name, seen(parted, now), wanted) == [(False, False), (True, True)]
    assert verdicts(name, seen(replace(old, disk="Diskless"), now), wanted) == [(True, True), (True, True)]


def test_what_a_node_tells_is_read() -> None:
    told = ('{"mysql": {"holds": "DRBD metadata", "used": true, "generations": ["7A0AC9D698AE5EE4", '
            '"0000000000000000", "A4B2C74994E79264", "0000000000000004"], "filesystem": "xfs", "connection": '
            '"Connected", "role": "Primary", "peer_role": "Secondary", "disk": "UpToDate", "peer_disk": '
            '"UpToDate", "out_of_sync": "12", "settings": {"ping-int": "2"}}}')
    device = health.parse_devices({"rc": 0, "stdout": told, "stderr": ""})["mysql"]
    assert (device.current, device.base, device.history, device.out_of_sync_kib) == (
        "7A0AC9D698AE5EE4", "0000000000000000", ("A4B2C74994E79264", "0000000000000004"), 12)
    assert device.settings == {"ping-int": "2"}
    with pytest.raises(Unreadable):
        health.parse_devices({"rc": 0, "stdout": '{"mysql": {}}', "stderr": ""})


def test_what_drbd_cannot_do_is_refused() -> None:
    without = cluster(3)
    without = replace(without, layers={"storage": without.layers["storage"]})
    with pytest.raises(ClusterFileError) as refused:
        LAYER.exchange(without, derive(without))
    assert ["membership" in each.summary or "2 nodes" in each.summary for each in refused.value.findings] == [
        True, True]


@pytest.mark.parametrize("change", [
    {"name": "my sql"}, {"minor": 256}, {"port": 0}, {"disk": "data"}, {"disk": "/dev/../etc"},
    {"mount": "/"}, {"disk": "/var/x"}, {"name": "rabbitmq"}, {"minor": 1}, {"port": 7701},
    {"mount": "/var/lib/rabbitmq"}])
def test_settings_that_cannot_be_are_refused(change: dict[str, str | int]) -> None:
    with pytest.raises(Wrong):
        StorageSpec((replace(MYSQL, **change), RABBITMQ))  # type: ignore[arg-type]


def test_a_volume_is_found_by_name() -> None:
    assert volume_named(cluster(), "rabbitmq") == RABBITMQ
    assert volume_named(cluster(), "images") is None


def test_a_restart_goes_on_to_the_other_node_when_this_one_could_take_over() -> None:
    def back(one: health.Device, runs: str) -> bool | None:
        placed = (Placed("p_drbd_mysql", runs, "Promoted"),) if runs else ()
        placements = Placements(quorate=True, dc="node2", online=NODES, offline=(), placed=placed)
        snapshot = Snapshot({node: {health.DEVICES: {"mysql": device}, RESOURCES: placements}
                             for node, device in zip(NODES, (one, USED), strict=True)}, {})
        return health.back((MYSQL,), NODES).judge(snapshot, "node1").truth

    whole = replace(USED, connection="Connected")
    assert back(whole, runs="node2") is True
    assert back(replace(whole, connection="SyncTarget", disk="Inconsistent"), runs="node2") is False
    assert back(replace(whole, connection="", disk="", peer_disk=""), runs="node2") is False
    assert back(replace(NEW, connection="SyncTarget"), runs="") is True   # made just now, and not loaded yet
    silent = Snapshot({node: {health.DEVICES: {"mysql": NEW}} for node in NODES}, {})
    assert health.back((MYSQL,), NODES).judge(silent, "node1").truth is True
