"""NetworkAgent: what Neutron's L3, DHCP and metadata agents have in common."""

from __future__ import annotations

import os

from fournines.ocf import identity, web
from fournines.ocf.agent import ERR_CONFIGURED, ERR_GENERIC, ERR_INSTALLED, Failure, Parameter, depth, note
from fournines.ocf.identity import Refused
from fournines.ocf.reporting import SILENCE, ReportingAgent
from fournines.ocf.service import configuration, units
from fournines.ocf.settings_file import option
from fournines.ocf.unit import Process
from fournines.ocf.web import NoAnswer

NAMESPACES = "/run/netns"
PATIENCE_S = 10.0


def parameters(unit: str, plugin_config: str) -> tuple[Parameter, ...]:
    """The parameters of one agent."""
    return (configuration("/etc/neutron/neutron.conf"),
            Parameter("plugin_config", "string", plugin_config, "The agent's own configuration file",
                      "Read after config, as the agent itself does."),
            units(unit),
            Parameter("neutron_url", "string", "", "Where Neutron's API is asked what it thinks of the agent",
                      "Such as http://192.168.42.103:9696; needs an account. An agent that Neutron has not "
                      "heard of in time counts as failed; where Neutron does not answer, it does not."),
            *identity.PARAMETERS, SILENCE)


class NetworkAgent(ReportingAgent):
    """``namespaces`` are the prefixes of the network namespaces that the agent makes. Those that stayed on a
    node after the agent went elsewhere would answer for addresses that are in use there."""

    namespaces: tuple[str, ...] = ()

    @property
    def configs(self) -> tuple[str, ...]:
        return (self.value("plugin_config"), self.value("config"))

    def validate(self) -> None:
        plugin_config = self.value("plugin_config")
        if not os.access(plugin_config, os.R_OK):
            raise Failure(ERR_INSTALLED, f"no configuration file {plugin_config} on this node")
        identity.validate(self)
        if self.value("neutron_url"):
            if not identity.wanted(self):
                raise Failure(ERR_CONFIGURED, "neutron_url is given, but not os_username")
            try:
                web.split(self.value("neutron_url"))
            except ValueError as problem:
                raise Failure(ERR_CONFIGURED, f"neutron_url: {problem}") from None
        super().validate()

    def well(self, running: dict[str, list[Process]]) -> None:
        super().well(running)
        if self.value("neutron_url") and depth() > 0:
            self._heard_of()

    def _heard_of(self) -> None:
        """``Failure`` when Neutron answers that it has not heard from the agent in time."""
        import json

        host = option(self.value("config"), "DEFAULT", "host") or os.uname().nodename
        path = f"/v2.0/agents?binary={self.program}&host={host}&fields=alive"
        try:
            token = identity.issue(self, PATIENCE_S)
            answer = web.ask(f"{self.value('neutron_url').rstrip('/')}{path}", PATIENCE_S,
                             headers={"X-Auth-Token": token.secret})
            known = json.loads(answer.body)["agents"] if answer.status == 200 else []
            alive = [bool(agent["alive"]) for agent in known]
        except (NoAnswer, Refused, ValueError, KeyError, TypeError) as problem:
            note(f"Neutron does not say what it thinks of {self.name} on {host}: {problem}")
            return
        if alive and not any(alive):
            raise Failure(ERR_GENERIC, f"Neutron has not heard from {self.program} on {host} in time")

    def clean(self) -> None:
        for name in namespaces(self.namespaces):
            pid = os.posix_spawnp("ip", ("ip", "netns", "delete", name), dict(os.environ))
            if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
                raise Failure(ERR_GENERIC, f"cannot delete the network namespace {name}")


def namespaces(prefixes: tuple[str, ...]) -> list[str]:
    """Names of the node's network namespaces that begin with one of them."""
    try:
        return [name for name in sorted(os.listdir(NAMESPACES)) if name.startswith(prefixes)]
    except FileNotFoundError:
        return []
