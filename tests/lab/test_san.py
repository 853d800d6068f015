"""MySQL and RabbitMQ on disks that three nodes share: one writer, whoever is lost, and no write with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fournines.lab.requirements import findings
from lab.both_loads import BothLoads, lose_all_power
from lab.conftest import eventually, on
from lab.controlplane import ControlPlane, up_and_applied

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "three-node-shared-disk.yaml"
# aio-pika's, of a connection that could not be made.
pytestmark = pytest.mark.filterwarnings(
    "ignore:coroutine 'Connection.close' was never awaited:RuntimeWarning")
NODES = ("node1", "node2", "node3")
FAILOVER_S = 120.0   # 10 s are usual; what is not timed here must not fail for its time


@pytest.fixture(scope="module")
def plane(can_host: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """The example, up and applied; taken down at the end."""
    if problems := findings(shared_disks=True):
        pytest.skip("; ".join(finding.summary for finding in problems))
    folder = tmp_path_factory.mktemp("san")
    with up_and_applied(folder, EXAMPLE, {"cluster: shared-disk": "cluster: test-san"}) as made:
        made.become_whole()
        yield made


def pacemaker_says(plane: ControlPlane) -> str:
    """Where everything runs and what failed, for whoever reads why a test did."""
    return on(plane.lab, NODES[0], "crm_mon", "--one-shot", "--inactive", "--failcounts", "--operations")


def holders(plane: ControlPlane, seat: str) -> list[str]:
    """The nodes that have it."""
    seats = plane.say("status", "--json").data["seats"]
    assert isinstance(seats, list)
    (found,) = (each["holders"] for each in seats if each["name"] == seat)
    return list(found)


def loads(plane: ControlPlane) -> BothLoads:
    """At the example's addresses."""
    return BothLoads(plane, "192.168.42.101", "192.168.42.102")


def test_every_invariant_holds_and_a_second_apply_changes_nothing(plane: ControlPlane) -> None:
    told = plane.say("verify")
    assert told.code == 0, told.out + told.err
    plan = plane.say("plan")
    assert plan.code == 0, plan.out + plan.err


def test_a_volume_is_mounted_where_its_service_runs(plane: ControlPlane) -> None:
    for seat, volume in (("database", "mysql"), ("broker", "rabbitmq")):
        assert holders(plane, f"volume {volume}") == holders(plane, seat)


def test_nothing_is_made_over_a_file_system(plane: ControlPlane) -> None:
    (active,) = holders(plane, "database")
    for node in NODES:
        said = on(plane.lab, node, "sh", "-c",
                  "python3 -I -S /usr/lib/fournines/shared_disk.py format mysql 2>&1; echo exit $?")
        assert said.endswith("exit 1"), said
        assert ("in use" if node == active else "holds data: xfs") in said
    plane.become_whole()


def test_one_apply_of_other_settings_starts_with_them_what_runs(plane: ControlPlane) -> None:
    plane.change("buffer_pool_mib: 128", "buffer_pool_mib: 96")
    plane.change("disk_reserve_mb: 100", "disk_reserve_mb: 90")
    assert plane.say("verify").code == 0, "what is written and what runs are still the same"
    said = plane.say("plan").out
    for restart in ("restart p_mysql", "restart p_rabbitmq"):
        assert restart in said
    applied = plane.say("apply")
    assert applied.code == 0, applied.out + applied.err

    (node,) = holders(plane, "database")
    assert on(plane.lab, node, "mariadb", "--skip-column-names", "--execute",
              "SELECT @@innodb_buffer_pool_size") == str(96 << 20)
    plane.become_whole()
    (node,) = holders(plane, "broker")
    assert re.search(r'disk_free_limit,\s*"90MB"', on(plane.lab, node, "rabbitmqctl", "environment"))
    assert plane.say("plan").code == 0


def test_a_restart_comes_to_its_end_though_its_apply_was_killed(plane: ControlPlane) -> None:
    """It begins by telling Pacemaker that the broker is to stop, which would otherwise stay so."""
    def restarting() -> bool:
        asked = ("systemctl", "show", "--property=ActiveState", "--value", "fournines-restart.service")
        return "active" in {on(plane.lab, node, *asked) for node in NODES}

    plane.change("disk_reserve_mb: 90", "disk_reserve_mb: 80")
    applying = plane.start("apply")
    try:
        eventually(restarting, "the broker is being restarted")
    finally:
        applying.kill()
        applying.communicate()
    plane.become_whole()
    (node,) = holders(plane, "broker")
    assert re.search(r'disk_free_limit,\s*"80MB"', on(plane.lab, node, "rabbitmqctl", "environment"))
    plan = plane.say("plan")
    assert plan.code == 0, plan.out + plan.err


def test_what_was_told_to_stop_is_told_and_started_again(plane: ControlPlane) -> None:
    """A target role that somebody has left behind, which no cluster file knows."""
    (node,) = holders(plane, "broker")
    on(plane.lab, node, "crm_resource", "--resource", "p_rabbitmq", "--meta",
       "--set-parameter", "target-role", "--parameter-value", "Stopped")
    eventually(lambda: holders(plane, "broker") == [], "the broker has stopped")
    plan = plane.say("plan")
    assert plan.code == 2, plan.out + plan.err
    assert f"start p_rabbitmq {node}" in plan.out
    applied = plane.say("apply")
    assert applied.code == 0, applied.out + applied.err
    assert holders(plane, "broker") == [node]


@pytest.mark.parametrize("loss", ["power", "freeze"])
def test_a_lost_node_loses_nothing_and_never_writes_again(plane: ControlPlane, loss: str) -> None:
    (active,) = holders(plane, "database")
    machine, before = plane.lab.machine(active), len(plane.lab.bmc.actions())
    with loads(plane) as both:
        if loss == "power":
            machine.power_off()
        else:
            machine.freeze()
        both.wait_for_more(FAILOVER_S)
        assert {action.node for action in plane.lab.bmc.actions()[before:]} == {active}   # it was fenced
        plane.become_whole()
    both.lose_nothing()
    for seat in ("database", "volume mysql", "broker", "volume rabbitmq"):
        assert len(holders(plane, seat)) == 1, f"{seat}:\n{pacemaker_says(plane)}"
        assert holders(plane, seat) != [active]   # which is whole again, and gets nothing back


def test_a_loss_of_all_power_needs_nobody(plane: ControlPlane) -> None:
    lose_all_power(plane, loads(plane), NODES)
