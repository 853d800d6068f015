"""ocf:openstack:neutron-agent-dhcp: addresses for the machines of projects."""

from __future__ import annotations

from fournines.ocf.network import NetworkAgent, parameters


class NeutronAgentDhcp(NetworkAgent):
    """It makes a namespace for each network."""

    name = "neutron-agent-dhcp"
    short = "OpenStack Networking DHCP agent (Neutron)"
    about = ("Runs the DHCP agent through its systemd unit. The monitor sees that it gets on and is "
             "connected to its broker, and may ask Neutron whether it reports. A stop removes the namespaces "
             "of networks.")
    parameters = parameters("neutron-dhcp-agent.service", "/etc/neutron/dhcp_agent.ini")
    program = "neutron-dhcp-agent"
    namespaces = ("qdhcp-",)


AGENT = NeutronAgentDhcp()
