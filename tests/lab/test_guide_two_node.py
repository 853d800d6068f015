"""The guide's two nodes: MySQL and RabbitMQ on DRBD, on machines with their own kernels, fenced for real."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fournines.cli.opened import open_cluster
from fournines.layers.database import DRILL
from lab.conftest import eventually, on
from lab.controlplane import ControlPlane, up_and_applied
from lab.sql_load import SqlLoad

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "guide-two-node.yaml"
# Not yet so: the broker was not seen to start under Pacemaker, and MySQL came back on the fenced node.
pytestmark = pytest.mark.skip(reason="the guide's two nodes do not fail over yet: issue 3, parts 4 and 5")
NODES = ("node1", "node2")
VOLUMES = ("mysql", "rabbitmq")


@pytest.fixture(scope="module")
def plane(can_host: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """The example, up and applied; taken down at the end."""
    folder = tmp_path_factory.mktemp("guide")
    with up_and_applied(folder, EXAMPLE, {"cluster: guide": "cluster: test-guide"}) as made:
        made.become_whole()
        yield made


def holder(plane: ControlPlane, seat: str) -> str:
    """The one node that has it."""
    seats = plane.say("status", "--json").data["seats"]
    assert isinstance(seats, list)
    (found,) = (each["holders"] for each in seats if each["name"] == seat)
    assert len(found) == 1, seats
    return str(found[0])


def devices(plane: ControlPlane, node: str) -> dict[str, dict[str, object]]:
    """What the node says of its sides."""
    told = on(plane.lab, node, "python3", "-I", "-S", "/usr/lib/fournines/drbd_device.py", "facts")
    found = json.loads(told)
    assert isinstance(found, dict)
    return found


def load(plane: ControlPlane) -> SqlLoad:
    """As the account of the drills, at the guide's address."""
    opened = open_cluster(plane.file)
    password = opened.secrets(opened.store())[DRILL.secret]
    return SqlLoad(plane.lab, "192.168.42.101", DRILL.user, password, DRILL.database)


def test_a_second_apply_changes_nothing(plane: ControlPlane) -> None:
    plan = plane.say("plan")
    assert plan.code == 0, plan.out + plan.err


def test_each_volume_is_primary_where_its_service_runs(plane: ControlPlane) -> None:
    for volume, seat in (("mysql", "database"), ("rabbitmq", "broker")):
        active = holder(plane, seat)
        assert devices(plane, active)[volume]["role"] == "Primary"
        (other,) = (node for node in NODES if node != active)
        assert devices(plane, other)[volume]["role"] == "Secondary"


def test_a_device_with_data_is_left_alone(plane: ControlPlane) -> None:
    for verb in ("create", "first", "format"):
        said = on(plane.lab, "node1", "sh", "-c",
                  f"python3 -I -S /usr/lib/fournines/drbd_device.py {verb} mysql 2>&1; echo exit $?")
        assert said.endswith("exit 1"), said
    plane.become_whole()


def test_what_is_not_split_is_not_resolved(plane: ControlPlane) -> None:
    said = plane.say("recover", "split-brain", "mysql", "--discard", "node2", "--yes")
    assert said.code == 1
    assert "not split" in said.err


def test_a_power_loss_of_the_active_node_loses_nothing_acknowledged(plane: ControlPlane) -> None:
    active = holder(plane, "database")
    with load(plane) as client:
        eventually(lambda: len(client.acknowledged) > 20, "writes are acknowledged")
        before = len(client.acknowledged)
        plane.lab.machine(active).power_off()
        eventually(lambda: len(client.acknowledged) > before + 20, "writes go on after the power loss")
    acknowledged = {value for value, _ in client.acknowledged}
    lost = acknowledged - client.rows()
    print(f"{len(acknowledged)} acknowledged, {len(lost)} lost, {client.failed} failed; longest gap "
          f"{client.longest_gap_s():.1f} s")
    assert not lost
    assert holder(plane, "database") != active
    plane.lab.machine(active).power_on()   # where fencing has not already
    plane.become_whole()
    for volume in VOLUMES:
        sides = [devices(plane, node)[volume] for node in NODES]
        assert {side["connection"] for side in sides} == {"Connected"}
        first, other = (side["generations"] for side in sides)
        assert isinstance(first, list)
        assert isinstance(other, list)
        assert first[0] == other[0]
