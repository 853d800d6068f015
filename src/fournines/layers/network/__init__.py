"""The network controller: Neutron's L2, L3, DHCP and metadata agents on one node at a time, run by Pacemaker.

They share one name in Neutron, so all are where the L2 agent is, which plugs the ports of the others. None of
them ends because another does: routers and networks stay while an agent is recovered beside them.
"""

from __future__ import annotations

from fournines.blueprint.contribution import Contribution, Exchange
from fournines.blueprint.in_force import InForce
from fournines.blueprint.left_alone import LeftAlone, on_one_node
from fournines.blueprint.resources import LOAD_SERVICES, Primitive, Resources, beside, operations
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster
from fournines.errors import ClusterFileError
from fournines.findings import Finding, Severity
from fournines.layers.layer import Layer, Site
from fournines.layers.network import artifacts
from fournines.layers.network.artifacts import AGENTS, Agent
from fournines.layers.network.spec import NetworkSpec
from fournines.layers.resource_agents import shipped

BOOT = "network.boot"
DISABLE = "network: leave the agents to Pacemaker"
_START_S, _STOP_S = 180.0, 60.0


def _exchange(cluster: Cluster, timers: Timers) -> Exchange:
    """The agents, and an account at the broker. Raises ClusterFileError where nobody could run or feed it."""
    missing = [name for name in ("membership", "messaging") if name not in cluster.layers]
    if missing:
        raise ClusterFileError([
            Finding(Severity.ERROR, f"the layer network needs the layer {name}",
                    f"add {name}: {{}} under layers", where="layers.network") for name in missing])
    primitives = tuple(_primitive(agent, timers) for agent in AGENTS)
    plugging, *plugged = (item.id for item in primitives)
    return Exchange(
        broker_accounts=(artifacts.ACCOUNT,), secrets=artifacts.SECRETS,
        service_resources=Resources(primitives) + beside(plugging, plugged, kind="Optional"),
        before_service_resources=(DISABLE,))


def _primitive(agent: Agent, timers: Timers) -> Primitive:
    return Primitive(
        agent.resource, f"ocf:openstack:{agent.ocf}",
        {"config": artifacts.CONFIG, "plugin_config": agent.config, "unit": agent.unit},
        operations(timers, monitor_s=timers.seconds("pacemaker.monitor_interval"), start_s=_START_S,
                   stop_s=_STOP_S))


def _contribute(site: Site) -> Contribution:
    units = tuple(agent.unit for agent in AGENTS)
    agents = shipped(agent.ocf for agent in AGENTS)
    left = LeftAlone(BOOT, units, site.controllers)
    in_force = tuple(InForce("network", agent.name, agent.resource, (agent.unit,), site.controllers)
                     for agent in AGENTS)
    files = {node.name: artifacts.files(site, node) for node in site.cluster.controllers}
    return Contribution(
        packages=dict.fromkeys(site.controllers, tuple(agent.name for agent in AGENTS)),
        files={node: (*written, *agents) for node, written in files.items()},
        steps=(left.let_go(DISABLE, why="systemd would start them on every node at boot, and routers would "
                                        "be there twice"),
               *(each.restart("what it makes waits meanwhile", (LOAD_SERVICES,))
                 for each in in_force)),
        probes=(left.asked(), *(each.asked(files, agent.reads)
                                for agent, each in zip(AGENTS, in_force, strict=True))),
        invariants=(
            *(on_one_node(f"the {agent.description} agent", agent.resource, site.controllers)
              for agent in AGENTS),
            *(each.invariant() for each in in_force),
            left.invariant("systemd starts no agent of the network controller")))


LAYER = Layer("network", NetworkSpec, after=("messaging",), exchange=_exchange, contribute=_contribute)
