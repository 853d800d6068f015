"""The APIs beside their address and the network controller, run by Pacemaker on real machines, in full.

One cluster for the whole file, in containers; a test leaves it whole. Its promise is longer than the
example's: the machine has other work.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fournines.cli.opened import open_cluster
from fournines.engine.compile import exchange
from fournines.layers import LAYERS
from fournines.layers.network.artifacts import AGENTS as NETWORK_AGENTS
from lab.agents_on_node import ask, ocf_tester
from lab.conftest import eventually, on
from lab.controlplane import ControlPlane, up_and_applied
from lab.router import make_router

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "three-node-active-passive.yaml"
NODES = ("node1", "node2", "node3")
API = ("p_ip_api", "p_keystone", "p_glance-api", "p_cinder-api", "p_neutron-server",
       "p_ceilometer-agent-central")
NETWORK = tuple(agent.resource for agent in NETWORK_AGENTS)
AGENTS = {"cinder-api": API, "neutron-server": API, "ceilometer-agent-central": API,
          "neutron-linuxbridge-agent": NETWORK, "neutron-agent-l3": NETWORK, "neutron-agent-dhcp": NETWORK,
          "neutron-metadata-agent": NETWORK}
"""Those of Keystone and Glance are tested in test_main_job.py."""
IN_CI = ("ceilometer-agent-central",)   # ocf-tester starts each a dozen times

TAKEOVER_S = 300.0


@pytest.fixture(scope="module")
def plane(can_host: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """The example, up and applied; taken down at the end."""
    changes = {"cluster: active-passive": "cluster: groups", "recover_within: 20s": "recover_within: 30s"}
    with up_and_applied(tmp_path_factory.mktemp("plane"), EXAMPLE, changes) as made:
        yield made


def parameters(plane: ControlPlane, agent: str) -> dict[str, str]:
    """Those with which Pacemaker calls it."""
    opened = open_cluster(plane.file)
    primitives = exchange(opened.cluster, opened.timers, LAYERS).service_resources.primitives
    (found,) = (each for each in primitives if each.agent == f"ocf:openstack:{agent}")
    return dict(found.parameters)


def where(plane: ControlPlane, together: tuple[str, ...], witness: str = NODES[0]) -> str:
    """The node that runs all of these resources; empty while that is no single one."""
    told = on(plane.lab, witness, "sh", "-c", 'for each; do crm_resource --resource "$each" --locate; done',
              "sh", *together)
    nodes = [line.rpartition(": ")[2].split()[0] for line in told.splitlines() if " is running on: " in line]
    return nodes[0] if len(nodes) == len(together) and len({*nodes}) == 1 else ""


def taken_over(plane: ControlPlane, together: tuple[str, ...], lost: str) -> str:
    """The node that has all of them in place of ``lost``, once there is one."""
    (witness, *_) = [name for name in NODES if name != lost]
    eventually(lambda: where(plane, together, witness) not in ("", lost),
               f"another node has {', '.join(together)}", TAKEOVER_S)
    return where(plane, together, witness)


def test_every_invariant_holds_and_a_second_apply_changes_nothing(plane: ControlPlane) -> None:
    assert "invariants hold" in plane.become_whole().out
    plan = plane.say("plan")
    assert plan.code == 0, plan.out + plan.err
    assert where(plane, API)
    assert where(plane, NETWORK)


def test_pacemaker_finds_nothing_wrong(plane: ControlPlane) -> None:
    assert on(plane.lab, "node1", "sh", "-c", "crm_verify --live-check --verbose 2>&1") == ""


@contextmanager
def left_alone(plane: ControlPlane, node: str) -> Iterator[None]:
    """Pacemaker does nothing about what it runs; afterwards it looks at everything anew."""
    on(plane.lab, node, "crm_attribute", "--name", "maintenance-mode", "--update", "true")
    try:
        yield
    finally:
        on(plane.lab, node, "crm_attribute", "--name", "maintenance-mode", "--delete")
        on(plane.lab, node, "crm_resource", "--refresh")


@pytest.mark.parametrize("agent", [
    pytest.param(agent, marks=[] if agent in IN_CI else [pytest.mark.long]) for agent in AGENTS])
def test_an_agent_runs_the_real_service(plane: ControlPlane, agent: str) -> None:
    """ocf-tester's verdict with our parameters, and what a monitor says of a service that hangs."""
    given, node = parameters(plane, agent), where(plane, AGENTS[agent])
    with left_alone(plane, node):
        tested = ocf_tester(plane.lab, node, agent, **given)
        assert tested.returncode == 0, tested.output + tested.said
        assert f"{agent} passed all tests" in tested.output
        assert ask(plane.lab, node, agent, "start", **given).returncode == 0
        for unit in given["unit"].split():
            on(plane.lab, node, "systemctl", "kill", "--signal=STOP", unit)
        hung = ask(plane.lab, node, agent, "monitor", **given)
        assert (hung.returncode, "suspended" in hung.said) == (1, True)
        assert ask(plane.lab, node, agent, "stop", **given).returncode == 0
        assert ask(plane.lab, node, agent, "start", **given).returncode == 0
    plane.become_whole()


@pytest.mark.parametrize(("agent", "resource", "key", "file", "other"), [
    ("neutron-server", "p_neutron-server", "state_path", "/etc/neutron/neutron.conf", "p_keystone"),
    ("neutron-agent-dhcp", "p_neutron-dhcp-agent", "enable_isolated_metadata", "/etc/neutron/dhcp_agent.ini",
     "p_neutron-l3-agent")])
def test_one_apply_writes_a_file_and_starts_what_runs_with_it_anew(
        plane: ControlPlane, agent: str, resource: str, key: str, file: str, other: str) -> None:
    node = where(plane, AGENTS[agent])
    (unit, *_) = parameters(plane, agent)["unit"].split()
    running = ("systemctl", "show", "--property=MainPID", "--value", unit)
    before = on(plane.lab, node, *running)
    on(plane.lab, node, "sed", "-i", f"s/^{key}/# by hand\\n{key}/", file)
    plan = plane.say("plan")
    assert "write files" in plan.out
    assert f"restart {resource}" in plan.out
    assert f"restart {other}" not in plan.out
    assert plane.say("apply").code == 0
    assert on(plane.lab, node, *running) not in ("0", before)
    plane.become_whole()
    assert plane.say("plan").code == 0


@pytest.mark.parametrize(("agent", "signal", "together"), [
    ("keystone", "KILL", API), pytest.param("glance-api", "STOP", API, marks=pytest.mark.long),
    pytest.param("neutron-linuxbridge-agent", "STOP", NETWORK, marks=pytest.mark.long)])
def test_a_service_that_hangs_or_dies_is_started_again_alone(
        plane: ControlPlane, agent: str, signal: str, together: tuple[str, ...]) -> None:
    def processes() -> dict[str, str]:
        told = on(plane.lab, node, "systemctl", "show", "--property=MainPID", "--value", *units)
        return dict(zip(units, told.split(), strict=True))

    node = where(plane, together)
    opened = open_cluster(plane.file)
    primitives = exchange(opened.cluster, opened.timers, LAYERS).service_resources.primitives
    units = [unit for each in primitives if each.id in together
             for unit in each.parameters.get("unit", "").split()]
    (unit, *_) = parameters(plane, agent)["unit"].split()
    before = processes()
    on(plane.lab, node, "systemctl", "kill", f"--signal={signal}", unit)
    eventually(lambda: processes()[unit] not in ("0", before[unit]), "another process has taken its place",
               TAKEOVER_S)
    plane.become_whole()
    after = processes()
    assert {name for name in units if after[name] != before[name]} == {unit}


@pytest.mark.parametrize("together", [pytest.param(API, id="api"),
                                      pytest.param(NETWORK, id="network", marks=pytest.mark.long)])
def test_all_go_on_elsewhere_when_their_node_loses_power(plane: ControlPlane,
                                                         together: tuple[str, ...]) -> None:
    lost = where(plane, together)
    before = len(plane.lab.bmc.actions())
    plane.lab.machine(lost).power_off()
    taken_over(plane, together, lost)
    assert {action.node for action in plane.lab.bmc.actions()[before:]} == {lost}   # and was fenced first
    plane.become_whole()
    assert plane.say("plan").code == 0


@pytest.mark.long
def test_a_router_and_its_network_go_on_with_the_network_controller(plane: ControlPlane) -> None:
    """And nothing of it stays where the agents were, which would answer for addresses in use elsewhere."""
    def answers(node: str) -> None:
        eventually(lambda: router.answers(plane.lab, node), f"the router answers on {node}", TAKEOVER_S)

    router = make_router(plane, str(open_cluster(plane.file).cluster.vips["api"].address))
    first = where(plane, NETWORK)
    answers(first)

    on(plane.lab, first, "crm_standby", "--node", first, "--update", "on")
    second = taken_over(plane, NETWORK, first)
    answers(second)
    assert not router.namespaces(plane.lab, first)
    on(plane.lab, first, "crm_standby", "--node", first, "--delete")
    plane.become_whole()

    plane.lab.machine(second).power_off()
    answers(taken_over(plane, NETWORK, second))
    plane.become_whole()
