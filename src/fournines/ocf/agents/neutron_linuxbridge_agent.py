"""ocf:openstack:neutron-linuxbridge-agent: bridges and tunnels, to which the other agents are plugged."""

from __future__ import annotations

from fournines.ocf.network import NetworkAgent, parameters


class NeutronLinuxbridgeAgent(NetworkAgent):
    """What it made goes on without it: a stop leaves bridges and tunnels as they are."""

    name = "neutron-linuxbridge-agent"
    short = "OpenStack Networking L2 agent for Linux bridges (Neutron)"
    about = ("Runs the L2 agent through its systemd unit. The monitor sees that it gets on and is connected "
             "to its broker, and may ask Neutron whether it reports. A stop leaves bridges and tunnels.")
    parameters = parameters("neutron-linuxbridge-agent.service",
                            "/etc/neutron/plugins/ml2/linuxbridge_agent.ini")
    program = "neutron-linuxbridge-agent"


AGENT = NeutronLinuxbridgeAgent()
