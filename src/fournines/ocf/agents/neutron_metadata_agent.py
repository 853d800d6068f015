"""ocf:openstack:neutron-metadata-agent: the way of the machines of projects to Compute's metadata."""

from __future__ import annotations

from fournines.ocf.network import NetworkAgent, parameters


class NeutronMetadataAgent(NetworkAgent):
    """It leaves nothing behind."""

    name = "neutron-metadata-agent"
    short = "OpenStack Networking metadata agent (Neutron)"
    about = ("Runs the metadata agent through its systemd unit. The monitor sees that it gets on and is "
             "connected to its broker, and may ask Neutron whether it reports.")
    parameters = parameters("neutron-metadata-agent.service", "/etc/neutron/metadata_agent.ini")
    program = "neutron-metadata-agent"


AGENT = NeutronMetadataAgent()
