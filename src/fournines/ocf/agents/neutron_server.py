"""ocf:openstack:neutron-server: OpenStack Networking: its API, and the server that its agents talk to."""

from __future__ import annotations

from fournines.ocf import identity
from fournines.ocf.api import PATIENCE, ApiAgent, address
from fournines.ocf.reporting import SILENCE, ReportingAgent
from fournines.ocf.service import configuration, units
from fournines.ocf.unit import Process


class NeutronServer(ApiAgent, ReportingAgent):
    """Debian runs the API under uWSGI and the RPC server as a unit of its own; the service is both."""

    name = "neutron-server"
    short = "OpenStack Networking server (Neutron)"
    about = ("Runs Neutron's API and its RPC server through their systemd units. The monitor asks the API "
             "for its versions and, with an account, for a list of networks; of the RPC server it sees that "
             "it gets on and is connected to its broker.")
    parameters = (configuration("/etc/neutron/neutron.conf"),
                  units("neutron-api.service neutron-rpc-server.service"),
                  address("Without it bind_host and bind_port of the configuration."),
                  *identity.PARAMETERS, PATIENCE, SILENCE)
    port = 9696
    bind = ("bind_host", "bind_port")
    errand = "/v2.0/networks?limit=1&fields=id"

    def well(self, running: dict[str, list[Process]]) -> None:
        ApiAgent.well(self, running)
        ReportingAgent.well(self, _rpc(running))

    def serving(self, running: dict[str, list[Process]]) -> bool:
        return ReportingAgent.serving(self, _rpc(running))


def _rpc(running: dict[str, list[Process]]) -> dict[str, list[Process]]:
    """The processes of the RPC server: those of the last unit."""
    return dict(list(running.items())[-1:])


AGENT = NeutronServer()
