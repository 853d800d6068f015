"""Resource agents: their parameters, and the timeouts and intervals that they advise.

agents.json is what the agents of Debian 12's packages answer to ``meta-data`` (scripts/agents writes it).
Those that no package of Debian has are here: the agent of RabbitMQ's own packages, and OpenStack's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Agent:
    """``timeouts_s`` by operation; ``interval_s`` of its monitor, 0 where it advises none."""

    parameters: frozenset[str]
    required: frozenset[str] = frozenset()
    unique: frozenset[str] = frozenset()
    timeouts_s: Mapping[str, float] = field(default_factory=dict)
    interval_s: float = 0.0


_LOGIN = frozenset(("os_username", "os_password", "os_tenant_name"))
_DAEMON = frozenset(("binary", "config", "user", "pid", "additional_parameters"))


def _api(*more: str) -> Agent:
    return Agent(_DAEMON | _LOGIN | {*more}, timeouts_s={"start": 20, "stop": 20, "monitor": 10})


def _daemon(*more: str) -> Agent:
    return Agent(_DAEMON | {*more}, timeouts_s={"start": 10, "stop": 10, "monitor": 5})


OPENSTACK: Mapping[str, Agent] = {
    "keystone": _api("os_auth_url", "client_binary"),
    "glance-api": _api("os_auth_url", "client_binary"),
    "glance-registry": _api("os_auth_url", "keystone_get_token_url", "url", "client_binary"),
    "cinder-api": _api("url", "keystone_get_token_url"),
    "cinder-schedule": _daemon("amqp_server_port", "database_server_port"),
    "cinder-volume": _daemon("amqp_server_port", "database_server_port", "multibackend"),
    "neutron-server": _api("url", "keystone_get_token_url", "plugin_config"),
    "neutron-agent-l3": _daemon("plugin_config", "neutron_server_port", "amqp_server_port"),
    "neutron-agent-dhcp": _daemon("plugin_config", "neutron_server_port", "amqp_server_port"),
    "neutron-agent-lbaas": _daemon("plugin_config", "agent_config", "amqp_server_port"),
    "neutron-metadata-agent": _daemon("agent_config", "amqp_server_port"),
    "neutron-ha-tool": Agent(frozenset()),
    "nova-api": _api("url", "keystone_get_token_url"),
    "nova-cert": _daemon("amqp_server_port", "database_server_port"),
    "nova-conductor": _daemon("amqp_server_port", "database_server_port"),
    "nova-consoleauth": _daemon("amqp_server_port", "database_server_port"),
    "nova-novnc": _daemon("console_port", "url"),
    "nova-scheduler": _daemon("amqp_server_port", "database_server_port"),
    "heat-engine": _daemon("amqp_server_port"),
    "heat-api": _api("url", "keystone_get_token_url", "server_port"),
    "ceilometer-agent-central": _daemon("amqp_server_port"),
    "ceilometer-alarm-evaluator": _daemon("amqp_server_port"),
    "ceilometer-api": _api("url", "keystone_get_token_url"),
}
"""The agents of github.com/madkiss/openstack-resource-agents, provider ``openstack``."""

_RABBITMQ = Agent(
    frozenset(("server", "ctl", "nodename", "ip", "port", "cluster_config_file", "config_file", "log_base",
               "mnesia_base", "server_start_args", "pid_file", "limit_nofile")),
    timeouts_s={"start": 600, "stop": 120, "monitor": 20}, interval_s=10)

_COMMON = frozenset(("OCF_CHECK_LEVEL", "op_sleep", "state", "envfile", "trace_ra", "trace_file",
                     "trace_dir"))


@cache
def _packaged() -> Mapping[str, Agent]:
    text = files(__package__).joinpath("agents.json").read_text(encoding="utf-8")
    told: dict[str, dict[str, Any]] = json.loads(text)
    return {name: Agent(frozenset(each["parameters"]), frozenset(each["required"]), frozenset(each["unique"]),
                        each["timeouts_s"], each["interval_s"]) for name, each in told.items()}


@cache
def agent(name: str) -> Agent | None:
    """The agent CLASS:PROVIDER:TYPE; None for one that is not known here."""
    if name == "ocf:rabbitmq:rabbitmq-server":
        return _RABBITMQ
    if name.startswith("ocf:openstack:"):
        return OPENSTACK.get(name.rpartition(":")[2])
    return _packaged().get(name)


def exists(name: str) -> bool:
    """Whether an agent may be there. One of a provider that is known whole has to be known; of OpenStack's,
    which others have made too, it must not be a known one with its words in another order."""
    provider, _, kind = name.rpartition(":")
    if provider == "ocf:openstack" and kind not in OPENSTACK:
        return sorted(kind.split("-")) not in [sorted(known.split("-")) for known in OPENSTACK]
    return provider not in ("ocf:heartbeat", "ocf:linbit", "ocf:pacemaker") or agent(name) is not None


def unknown_parameters(name: str, given: frozenset[str]) -> frozenset[str]:
    """Those of ``given`` that the agent does not have; none for an agent that is not known."""
    known = agent(name)
    return given - known.parameters - _COMMON if known else frozenset()
