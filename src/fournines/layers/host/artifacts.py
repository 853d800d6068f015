"""The files of the host layer: names, kernel settings, time."""

from __future__ import annotations

from collections.abc import Mapping

from fournines.artifacts import hosts, sysctl, systemd
from fournines.artifacts.document import notice, writable
from fournines.blueprint.files import NodeDirectory, NodeFile
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster, Node
from fournines.layers.host.health import OWN_STRATUM
from fournines.layers.host.spec import HostSpec

HOSTS_FILE = "/etc/hosts"
SYSCTL_FILE = "/etc/sysctl.d/90-fournines.conf"
CHRONY_FILE = "/etc/chrony/chrony.conf"
CHRONY_UNIT = "chrony.service"
CHRONY_DROP_IN = f"/etc/systemd/system/{CHRONY_UNIT}.d/fournines.conf"

DIRECTORIES = (NodeDirectory("/etc/fournines"), NodeDirectory("/usr/lib/fournines"),
               NodeDirectory("/var/lib/fournines"))


def files(cluster: Cluster, timers: Timers, spec: HostSpec, node: Node) -> tuple[NodeFile, ...]:
    """Everything that the layer writes on one node."""
    return (
        NodeFile(HOSTS_FILE, hosts.emit(names(cluster, spec)).encode()),
        NodeFile(SYSCTL_FILE, sysctl.emit(sysctl.document(kernel(timers))).encode()),
        NodeFile(CHRONY_FILE, time(cluster, spec, node).encode()),
        NodeFile(CHRONY_DROP_IN, systemd.emit(time_drop_in()).encode()),
    )


def names(cluster: Cluster, spec: HostSpec) -> hosts.Document:
    """Every node by its management address: the members find one another without a name server."""
    return hosts.document([*((node.management, [node.name]) for node in cluster.nodes),
                           *((address, [name]) for name, address in spec.hosts.items())])


def kernel(timers: Timers) -> Mapping[str, int]:
    """Only what belongs to a network namespace, so that containers can have it too; sysctl name to value."""
    return {
        # HAProxy listens on the VIP also where the VIP is not, and members bind addresses before they are up.
        "net.ipv4.ip_nonlocal_bind": 1,
        # Data on the way to a dead peer are given up in seconds; the default is a quarter of an hour.
        "net.ipv4.tcp_retries2": timers.count("tcp.retries2"),
        # Likewise one that is being opened; the default is two minutes.
        "net.ipv4.tcp_syn_retries": timers.count("tcp.syn_retries"),
        # Idle connections to a dead peer are found too, where a program asks for it; default: two hours.
        "net.ipv4.tcp_keepalive_time": round(timers.seconds("tcp.keepalive_time")),
        "net.ipv4.tcp_keepalive_intvl": round(timers.seconds("tcp.keepalive_interval")),
        "net.ipv4.tcp_keepalive_probes": timers.count("tcp.keepalive_probes"),
        # After a failover all clients connect at once; those that find the queue full wait a second.
        "net.core.somaxconn": 4096,
    }


def time(cluster: Cluster, spec: HostSpec, node: Node) -> str:
    """chrony.conf(5). The nodes are each other's last resort (``local orphan``): cut off from all servers
    they drift together, not apart."""
    sources = ([("server", name, "iburst") for name in spec.time_servers]
               or [("pool", spec.time_pool, "iburst")])
    lines: list[tuple[str, ...]] = [
        *sources,
        *(("server", str(each.management)) for each in cluster.nodes if each != node),
        ("local", "stratum", str(OWN_STRATUM), "orphan"),
        ("allow", str(cluster.networks["management"].cidr)),
        ("bindaddress", str(node.management)),
        ("keyfile", "/etc/chrony/chrony.keys"),
        ("driftfile", "/var/lib/chrony/chrony.drift"),
        ("rtcsync",),
        # Clocks are set by a leap only while a node starts; later they are slewed, as databases like it.
        ("makestep", "1", "3"),
        ("leapsectz", "right/UTC"),
    ]
    return notice() + "".join(" ".join(writable(word, CHRONY_FILE, refuse=" #!%;") for word in line) + "\n"
                              for line in lines)


def time_drop_in() -> systemd.Document:
    """In a container the clock belongs to the host: chronyd then only measures (-x). systemd itself leaves a
    file to tell. The package's condition would skip the unit where the capability is missing."""
    only_measure = "$([ -e /run/systemd/container ] && echo -x)"
    return systemd.document({
        "Unit": {"ConditionCapability": ""},
        "Service": {"ExecStart": ["", "!" + systemd.command(
            ["/bin/sh", "-c", f"exec /usr/sbin/chronyd $DAEMON_OPTS {only_measure}"])]}})
