"""ocf:openstack:neutron-agent-l3: routers and floating addresses."""

from __future__ import annotations

from fournines.ocf.network import NetworkAgent, parameters


class NeutronAgentL3(NetworkAgent):
    """It makes a namespace for each router."""

    name = "neutron-agent-l3"
    short = "OpenStack Networking L3 agent (Neutron)"
    about = ("Runs the L3 agent through its systemd unit. The monitor sees that it gets on and is "
             "connected to its broker, and may ask Neutron whether it reports. A stop removes the namespaces "
             "of routers.")
    parameters = parameters("neutron-l3-agent.service", "/etc/neutron/l3_agent.ini")
    program = "neutron-l3-agent"
    namespaces = ("qrouter-", "snat-", "fip-")


AGENT = NeutronAgentL3()
