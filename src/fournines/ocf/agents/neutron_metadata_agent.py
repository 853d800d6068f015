"""ocf:openstack:neutron-metadata-agent: the way of the machines of projects to Compute's metadata."""

from __future__ import annotations

from fournines.ocf import web
from fournines.ocf.agent import ERR_GENERIC, Failure
from fournines.ocf.network import PATIENCE_S, NetworkAgent, parameters
from fournines.ocf.settings_file import option
from fournines.ocf.unit import Process
from fournines.ocf.web import NoAnswer

SOCKET = "metadata_proxy"   # below state_path
# Neutron takes whoever names both for a forger, and answers without asking anybody.
FORGED = {"X-Neutron-Network-ID": "monitor", "X-Neutron-Router-ID": "monitor"}
NOT_FOUND = 404


class NeutronMetadataAgent(NetworkAgent):
    """Its workers wait for machines that ask, maybe for days; the first process reports. So that one has to
    get on, and a worker has to answer."""

    name = "neutron-metadata-agent"
    short = "OpenStack Networking metadata agent (Neutron)"
    about = ("Runs the metadata agent through its systemd unit. The monitor asks it through its socket for "
             "what it has to refuse, sees that it gets on and is connected to its broker, and may ask "
             "Neutron whether it reports.")
    parameters = parameters("neutron-metadata-agent.service", "/etc/neutron/metadata_agent.ini")
    program = "neutron-metadata-agent"

    @property
    def socket(self) -> str:
        """Where the proxies in the namespaces of routers and networks reach it."""
        for path in self.configs:
            if given := option(path, "DEFAULT", "metadata_proxy_socket"):
                return given.replace("$state_path", self._state_path)
        return f"{self._state_path}/{SOCKET}"

    @property
    def _state_path(self) -> str:
        return option(self.value("config"), "DEFAULT", "state_path") or "/var/lib/neutron"

    def movements(self, processes: list[Process]) -> dict[str, int]:
        return super().movements(processes[:1])

    def well(self, running: dict[str, list[Process]]) -> None:
        super().well(running)
        try:
            answer = web.ask("http://metadata/", PATIENCE_S, headers=FORGED, through=self.socket)
        except NoAnswer as problem:
            raise Failure(ERR_GENERIC, f"{self.socket}: {problem}") from None
        if answer.status != NOT_FOUND:
            raise Failure(ERR_GENERIC, f"{self.socket}: answered {answer.status} to what it has to refuse")


AGENT = NeutronMetadataAgent()
