"""The images layer: its files, its steps, and what it reads from a node."""

from __future__ import annotations

import json
import struct

import pytest

from fournines.artifacts import systemd
from fournines.blueprint.requests import Run
from fournines.blueprint.snapshot import Snapshot, Unreadable
from fournines.layers.images import LAYER, artifacts, glusterd_rpc, health, procedures
from fournines.layers.images.node.images_volume import connected, in_reach, is_mounted, pending, stored
from fournines.layers.images.spec import ImagesSpec
from fournines.layers.layer import Site

NODES = ("ctl1", "ctl2", "ctl3")
WELL = health.Volume(created=True, started=True, peers=2, mounted=True, copies=3, pending=0)


def written(site: Site, node: str, path: str) -> str:
    return next(file.content.decode() for file in LAYER.contribute(site).files[node] if file.path == path)


def test_gluster_stays_on_the_replication_network(site: Site) -> None:
    glusterd = written(site, "ctl2", artifacts.GLUSTERD_FILE)
    assert "option transport.socket.bind-address 10.0.42.12\n" in glusterd
    assert artifacts.volume_options(site)["auth.allow"] == "10.0.42.11,10.0.42.12,10.0.42.13"


def test_the_stall_comes_from_the_timers(site: Site) -> None:
    seconds = site.timers.seconds("images.ping_timeout")
    assert artifacts.volume_options(site)["network.ping-timeout"] == f"{seconds:g}"


def test_a_node_asks_itself_first_and_then_the_others(site: Site) -> None:
    unit = systemd.parse(written(site, "ctl2", f"/etc/systemd/system/{artifacts.MOUNT_UNIT}"))
    service = {entry.key: entry.value for section in unit.sections for entry in section.entries}
    assert [word for word in service["ExecStart"].split() if word.startswith("--volfile-server=")] == [
        f"--volfile-server=10.0.42.{last}" for last in (12, 11, 13)]
    assert service["Restart"] == "always"


def test_the_volume_has_a_copy_on_each_of_three(site: Site) -> None:
    steps = {step.name: step for step in procedures.steps(site, ImagesSpec())}
    (request,) = steps[procedures.CREATE].do["ctl1"]
    assert isinstance(request, Run)
    bricks = [f"10.0.42.{last}:/srv/fournines/images/brick" for last in (11, 12, 13)]
    assert request.argv[2:] == ("volume", "create", "images", "replica", "3", *bricks, "force")


def test_it_is_made_once_every_member_has_reached_every_other(site: Site) -> None:
    steps = {step.name: step for step in procedures.steps(site, ImagesSpec())}
    assert set(steps[procedures.REACH].do) == set(NODES)
    assert steps[procedures.CREATE].needs == (procedures.REACH,)
    listed = ("UUID\t\t\t\t\tHostname \tState\n1f0f\t10.0.42.12\tConnected \n"
              "a0c1\t10.0.42.13\tDisconnected \n77b2\tlocalhost \tConnected \n")
    assert in_reach(listed) == 2
    assert in_reach(listed.replace("Disc", "C")) == 3
    assert in_reach("") == 0


def test_a_volume_that_another_member_knows_is_not_made_again(site: Site) -> None:
    create = next(step for step in procedures.steps(site, ImagesSpec()) if step.name == procedures.CREATE)
    assert create.only_if is not None
    none = health.Volume(created=False, started=False, peers=0, mounted=False, copies=0, pending=0)
    assert create.only_if.judge(_seen(dict.fromkeys(NODES, none)), "ctl1").truth is True
    assert create.only_if.judge(_seen({"ctl1": none, "ctl2": none, "ctl3": WELL}), "ctl1").truth is False


def _seen(volumes: dict[str, health.Volume]) -> Snapshot:
    return Snapshot({node: {health.VOLUME: volume} for node, volume in volumes.items()}, {})


@pytest.mark.parametrize(("copies", "mounted", "usable"), [(3, True, True), (2, True, True), (1, True, False),
                                                           (3, False, False)])
def test_a_majority_of_copies_is_needed(copies: int, mounted: bool, usable: bool) -> None:
    volume = health.Volume(created=True, started=True, peers=2, mounted=mounted, copies=copies, pending=0)
    assert health.usable(3).judge(_seen({"ctl1": volume}), "ctl1").truth is usable


def test_what_the_script_tells_is_read_back() -> None:
    told = {"created": True, "started": True, "options": {"network.ping-timeout": "2"}, "peers": 2,
            "mounted": True, "copies": 3, "pending": 0}
    volume = health.parse_volume({"stdout": json.dumps(told)})
    assert volume.options == {"network/ping-timeout": "2"}
    for garbage in (None, {"stdout": ""}, {"stdout": "[]"}, {"stdout": "{}"}):
        with pytest.raises(Unreadable):
            health.parse_volume(garbage)  # type: ignore[arg-type]


def test_the_topmost_mount_counts() -> None:
    below = "29 1 0:26 / /var/lib/glance/images rw - ext4 /dev/vda rw\n"
    ours = "90 29 0:55 / /var/lib/glance/images rw shared:3 - fuse.glusterfs 10.0.42.11:/images rw\n"
    assert is_mounted("/var/lib/glance/images", below + ours)
    assert not is_mounted("/var/lib/glance/images", below)
    assert not is_mounted("/var/lib/glance", below + ours)


def test_glusterds_store_and_index_are_read() -> None:
    assert stored("type=2\nnetwork.ping-timeout=3\n\n") == {"type": "2", "network.ping-timeout": "3"}
    assert pending(["xattrop-5f0c", "0cdf9726-61192d"]) == 1
    assert connected(["[xlator]\nconnected = 1\n", "connected = 0\n", "connected = 1"]) == 2


def test_a_brick_is_a_plain_absolute_path() -> None:
    with pytest.raises(ValueError, match="brick"):
        ImagesSpec(brick="images")


def test_glusterd_does_not_wait_for_what_waits_for_it(site: Site) -> None:
    """The package orders it before network-online.target; a circle makes systemd leave one of the two out."""
    for node in NODES:
        drop_in = written(site, node, "/etc/systemd/system/glusterd.service.d/fournines.conf")
        assert "network-online" not in drop_in


def test_glusterd_is_asked_as_its_own_clients_ask_it() -> None:
    asked = glusterd_rpc.question()
    assert struct.unpack(">I", asked[:4]) == (1 << 31 | len(asked) - 4,)
    reply = struct.pack(">4I", 1 << 31 | 24, glusterd_rpc.CALL_ID, 1, 0)
    assert glusterd_rpc.is_answer(reply)
    assert not glusterd_rpc.is_answer(reply[:12])
    assert not glusterd_rpc.is_answer(struct.pack(">4I", 1 << 31 | 24, glusterd_rpc.CALL_ID, 1, 1))
