"""Files of the network controller: what its agents share, and each one's own.

They do not read neutron.conf, which is the server's. Reports are as frequent as their absence has to be seen:
``agent_down_time`` is what the server allows, and what the resource agents allow a silent process.
Sources: Neutron administrator guide and configuration reference (Zed); Debian's neutron 21.0 packaging.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fournines.artifacts import ini, systemd
from fournines.artifacts.document import Scalar
from fournines.blueprint.contribution import BrokerAccount, SecretKind, SecretNeed
from fournines.blueprint.files import NodeFile
from fournines.cluster.topology import Node
from fournines.layers import oslo
from fournines.layers.layer import Site
from fournines.layers.network.spec import NetworkSpec

FOLDER = "/etc/neutron"
CONFIG = f"{FOLDER}/fournines-agents.conf"
ACCOUNT = BrokerAccount("neutron-agents", "network.broker")
METADATA_SECRET = "network.metadata"  # noqa: S105 - its name in the secret store
SECRETS = (SecretNeed(ACCOUNT.secret, SecretKind.PASSWORD), SecretNeed(METADATA_SECRET, SecretKind.PASSWORD))
REPORT_INTERVAL_S, DOWN_TIME_S = 10, 75   # Neutron's own are 30 and 75: more reports fit into the same time
FLAT = "external"


@dataclass(frozen=True, slots=True)
class Agent:
    """One of Neutron's agents. ``name`` is that of its unit, its package and its program; ``ocf`` that of the
    resource agent, as in the guide where that has it."""

    name: str
    ocf: str
    file: str
    description: str

    @property
    def resource(self) -> str:
        """The id of its resource, as in the guide where that has it."""
        return f"p_{self.name}"

    @property
    def unit(self) -> str:
        return f"{self.name}.service"

    @property
    def config(self) -> str:
        return f"{FOLDER}/{self.file}"

    @property
    def unit_path(self) -> str:
        return f"/etc/systemd/system/{self.unit}"

    @property
    def reads(self) -> tuple[str, ...]:
        """The files that it is started with."""
        return (CONFIG, self.config, self.unit_path)


AGENTS = (
    Agent("neutron-linuxbridge-agent", "neutron-linuxbridge-agent", "plugins/ml2/linuxbridge_agent.ini",
          "L2"),
    Agent("neutron-l3-agent", "neutron-agent-l3", "l3_agent.ini", "L3"),
    Agent("neutron-dhcp-agent", "neutron-agent-dhcp", "dhcp_agent.ini", "DHCP"),
    Agent("neutron-metadata-agent", "neutron-metadata-agent", "metadata_agent.ini", "metadata"),
)


def spec_of(site: Site) -> NetworkSpec:
    """The settings of this layer."""
    return site.cluster.spec(NetworkSpec) or NetworkSpec()


def files(site: Site, node: Node) -> tuple[NodeFile, ...]:
    """Everything that is written on one node."""
    own = (_linuxbridge(site, node), _l3(), _dhcp(), _metadata(site))
    return (
        _config(CONFIG, _shared(site)),
        *(_config(agent.config, sections) for agent, sections in zip(AGENTS, own, strict=True)),
        *(_unit(agent) for agent in AGENTS))


def _config(path: str, sections: Mapping[str, oslo.Section]) -> NodeFile:
    return NodeFile(path, ini.emit(ini.oslo(sections)).encode(), 0o640, "root", "neutron", secret=True)


def _shared(site: Site) -> Mapping[str, oslo.Section]:
    messaging = oslo.messaging(site, ACCOUNT)
    return {
        "DEFAULT": {
            "use_stderr": True,     # into the journal
            # Routers and networks belong to an agent by this name: the node that takes over has them all.
            "host": spec_of(site).host,
            "core_plugin": "ml2",
            "interface_driver": "linuxbridge",
            "state_path": "/var/lib/neutron",
            "agent_down_time": DOWN_TIME_S,
            **messaging.get("DEFAULT", {}),
        },
        "agent": {
            "report_interval": REPORT_INTERVAL_S,
            "root_helper": "sudo /usr/bin/neutron-rootwrap /etc/neutron/rootwrap.conf",
            "root_helper_daemon": "sudo /usr/bin/neutron-rootwrap-daemon /etc/neutron/rootwrap.conf",
        },
        "experimental": {"linuxbridge": True},
        "oslo_concurrency": {"lock_path": "/run/lock/neutron"},
        **{name: section for name, section in messaging.items() if name != "DEFAULT"},
    }


def _linuxbridge(site: Site, node: Node) -> Mapping[str, oslo.Section]:
    interface = spec_of(site).external_interface
    return {
        "linux_bridge": {"physical_interface_mappings": f"{FLAT}:{interface}"} if interface else {},
        "securitygroup": {"firewall_driver": "iptables", "enable_security_group": True},
        "vxlan": {"enable_vxlan": True, "local_ip": node.management, "l2_population": False},
    }


def _l3() -> Mapping[str, oslo.Section]:
    return {"DEFAULT": {"interface_driver": "linuxbridge"}}


def _dhcp() -> Mapping[str, oslo.Section]:
    return {"DEFAULT": {"interface_driver": "linuxbridge", "enable_isolated_metadata": True}}


def _metadata(site: Site) -> Mapping[str, oslo.Section]:
    return {"DEFAULT": {
        "nova_metadata_host": str(site.cluster.service_vip.address),
        "metadata_proxy_shared_secret": site.secret(METADATA_SECRET),
    }}


def _unit(agent: Agent) -> NodeFile:
    """A unit that Pacemaker starts, restarts and counts; nothing starts it at boot. Sessions of dnsmasq and
    keepalived end with it, for another node takes them over."""
    command: Sequence[Scalar] = (f"/usr/bin/{agent.name}", f"--config-file={CONFIG}",
                                 f"--config-file={agent.config}")
    document = systemd.document({
        "Unit": {
            "Description": f"OpenStack Networking {agent.description} agent (written by Fournines)",
            "After": "network-online.target",
            "Wants": "network-online.target",
            "StartLimitIntervalSec": 0,
        },
        "Service": {
            "Type": "simple",
            "User": "neutron",
            "Group": "neutron",
            "WorkingDirectory": "~",
            # The units of Neutron share these; the first that ends must not take them from the others.
            "RuntimeDirectory": "neutron lock/neutron",
            "RuntimeDirectoryPreserve": True,
            "CacheDirectory": "neutron",
            "ExecStart": systemd.command(command),
            "LimitNOFILE": 65535,
            "TimeoutStopSec": 15,
        },
    })
    return NodeFile(agent.unit_path, systemd.emit(document).encode())
