"""The files of the broker on each controller.

Members find and speak to one another over the replication network, though their host names resolve to the
management network for everybody else: Erlang gets a table of its own (inetrc), for the broker and its tools.
"""

from __future__ import annotations

from importlib.resources import files as package_files
from ipaddress import IPv4Address

from fournines.artifacts import environment, erlang, rabbitmq, systemd
from fournines.blueprint.files import NodeFile
from fournines.cluster.topology import Node
from fournines.layers.layer import Site
from fournines.layers.messaging.accounts import definitions
from fournines.layers.messaging.spec import MessagingSpec

PORT, DISTRIBUTION_PORT, EPMD_PORT = 5672, 25672, 4369
COOKIE_SECRET = "messaging.cookie"  # noqa: S105 - its name in the secret store
BROKER_UNIT, EPMD_UNIT = "rabbitmq-server.service", "epmd.socket"
COOKIE = "/var/lib/rabbitmq/.erlang.cookie"
CONFIG, ADVANCED = "/etc/rabbitmq/rabbitmq.conf", "/etc/rabbitmq/advanced.config"
ENVIRONMENT = "/etc/rabbitmq/rabbitmq-env.conf"
INETRC, DEFINITIONS = "/etc/rabbitmq/inetrc", "/etc/rabbitmq/definitions.json"
BROKER_DROP_IN = f"/etc/systemd/system/{BROKER_UNIT}.d/fournines.conf"
EPMD_DROP_IN = f"/etc/systemd/system/{EPMD_UNIT}.d/fournines.conf"
BROKER_FILES = (COOKIE, CONFIG, ADVANCED, ENVIRONMENT, INETRC, DEFINITIONS, BROKER_DROP_IN)
EPMD_FILES = (EPMD_DROP_IN,)
GUARD_UNIT, GUARD = "fournines-broker-guard.service", "/usr/lib/fournines/broker_guard.py"
GUARD_UNIT_FILE = f"/etc/systemd/system/{GUARD_UNIT}"
GUARD_FILES = (GUARD_UNIT_FILE, GUARD)

_GUARD_SOURCE = package_files("fournines.layers.messaging") / "node" / "broker_guard.py"
_IPPROTO_TCP, _TCP_USER_TIMEOUT = 6, 18     # netinet/in.h, linux/tcp.h
LOAD_TABLES_ATTEMPTS, LOAD_TABLES_S = 10, 30.0
# As a volume it is mounted here. The guide mounts it one directory above, over the cookie, which then has to
# be kept on it as well.
DATADIR = "/var/lib/rabbitmq/mnesia"
# RabbitMQ writes a new virtual host's files and does not sync them. A broker that loses its power within the
# next half minute finds them empty, and hangs at every start (rabbitmq-server issue 16847; seen with 3.10.8).
WRITTEN = systemd.command(["/bin/sync", "--file-system", DATADIR])


def member(node: str) -> str:
    """The Erlang node name of the broker on that node."""
    return f"rabbit@{node}"


def replicas(members: int) -> int:
    """Of a quorum queue: on every broker, but no more than five; with each more, writes get slower."""
    return min(members, 5)


def files(site: Site, node: Node) -> tuple[NodeFile, ...]:
    """Everything that the broker on ``node`` reads."""
    spec = site.cluster.spec(MessagingSpec) or MessagingSpec()
    accounts = rabbitmq.emit_definitions(definitions(site.exchange.broker_accounts, site.secret))
    return (
        NodeFile(COOKIE, site.secret(COOKIE_SECRET).encode(), 0o400, "rabbitmq", "rabbitmq", secret=True),
        NodeFile(CONFIG, rabbitmq.emit(_config(site, node, spec)).encode()),
        NodeFile(ADVANCED, erlang.emit(_advanced(site, node)).encode()),
        NodeFile(ENVIRONMENT, environment.emit(_environment(node, spec)).encode()),
        NodeFile(INETRC, _inetrc(site).encode()),
        NodeFile(DEFINITIONS, accounts.encode(), 0o640, "root", "rabbitmq", secret=True),
        NodeFile(BROKER_DROP_IN, systemd.emit(_broker_drop_in(site)).encode()),
        NodeFile(EPMD_DROP_IN, systemd.emit(_epmd_drop_in(node)).encode()),
        NodeFile(GUARD_UNIT_FILE, systemd.emit(_guard_unit(site, node)).encode()),
        NodeFile(GUARD, _GUARD_SOURCE.read_bytes(), 0o755),
    )


def _config(site: Site, node: Node, spec: MessagingSpec) -> rabbitmq.Document:
    peers = {f"cluster_formation.classic_config.nodes.{number}": member(name)
             for number, name in enumerate(site.controllers, 1)}
    memory = ({"vm_memory_high_watermark.absolute": f"{spec.memory_limit_mb}MB"} if spec.memory_limit_mb
              else {"vm_memory_high_watermark.relative": spec.memory_share})
    return rabbitmq.document({
        "cluster_name": site.cluster.name,
        "cluster_formation.peer_discovery_backend": "classic_config",
        **peers,
        "cluster_partition_handling": "pause_minority",
        "listeners.tcp.management": f"{node.management}:{PORT}",
        # The balancers' checks speak AMQP and hang up, several a second; each would be noted as a warning.
        "log.connection.level": "error",
        "loopback_users.guest": True,
        "load_definitions": DEFINITIONS,
        "net_ticktime": round(site.timers.seconds("rabbitmq.net_ticktime")),
        "heartbeat": round(site.timers.seconds("rabbitmq.heartbeat")),
        **memory,
        "disk_free_limit.absolute": f"{spec.disk_reserve_mb}MB",
        # After a clean stop of all, the one that stopped last is the one the others wait for.
        "mnesia_table_loading_retry_limit": LOAD_TABLES_ATTEMPTS,
        "mnesia_table_loading_retry_timeout": round(LOAD_TABLES_S * 1000),
    })


def _advanced(site: Site, node: Node) -> erlang.Term:
    options = erlang.List((_user_timeout(site),))
    return erlang.proplist({
        "kernel": erlang.proplist({
            "inet_dist_use_interface": _address(node.replication),
            "inet_dist_listen_options": options,
            "inet_dist_connect_options": options}),
        "rabbit": erlang.proplist({"quorum_cluster_size": replicas(len(site.controllers))}),
        "aten": erlang.proplist({"poll_interval": site.timers.ms("rabbitmq.aten_poll_interval")}),
    })


def _user_timeout(site: Site) -> erlang.Term:
    """``{raw, Protocol, Option, Value}``, see inet:setopts/2 of Erlang's inet(3). The value is the machine's
    C integer: little-endian on all of Debian's architectures but s390x."""
    value = site.timers.ms("rabbitmq.peer_user_timeout").to_bytes(4, "little")
    return erlang.Tuple((erlang.Atom("raw"), _IPPROTO_TCP, _TCP_USER_TIMEOUT, value))


def _environment(node: Node, spec: MessagingSpec) -> environment.Document:
    """Read by the server and by every rabbitmqctl; both need the same names to mean the same addresses."""
    resolver = f'-kernel inetrc "{INETRC}"'
    schedulers = f" +S {spec.schedulers}:{spec.schedulers}" if spec.schedulers else ""
    return environment.document({
        "NODENAME": member(node.name),
        "ERL_EPMD_ADDRESS": node.replication,
        "SERVER_ADDITIONAL_ERL_ARGS": resolver + schedulers,
        "CTL_ERL_ARGS": resolver,
    })


def _inetrc(site: Site) -> str:
    """Erlang's own hosts table: a file of terms, see the ERTS user's guide, Inet Configuration."""
    hosts = [(node.replication, node.name) for node in site.cluster.controllers]
    terms: list[erlang.Term] = [
        erlang.Tuple((erlang.Atom("host"), _address(address), erlang.List((name,))))
        for address, name in (*hosts, (IPv4Address("127.0.0.1"), "localhost"))]
    terms.append(erlang.pair("lookup", erlang.List((erlang.Atom("file"), erlang.Atom("native")))))
    return erlang.emit(*terms)


def _address(address: IPv4Address) -> erlang.Tuple:
    return erlang.Tuple(tuple(address.packed))


def _broker_drop_in(site: Site) -> systemd.Document:
    waiting_s = LOAD_TABLES_ATTEMPTS * LOAD_TABLES_S
    return systemd.document({
        "Unit": {
            "After": "network-online.target",
            "Wants": "network-online.target",
            "StartLimitIntervalSec": 0,   # a broker whose peers come back hours later still starts by itself
        },
        "Service": {
            "Restart": "on-failure",
            "RestartSec": site.timers.seconds("systemd.restart_delay"),
            "ExecStartPost": WRITTEN,
            "TimeoutStartSec": waiting_s + 300,
        },
    })


def _epmd_drop_in(node: Node) -> systemd.Document:
    """The port mapper tells anybody who asks where to knock, so only the replication network may ask."""
    addresses = dict.fromkeys((str(node.replication), "127.0.0.1"))
    return systemd.document({"Socket": {
        "ListenStream": ["", *(f"{address}:{EPMD_PORT}" for address in addresses)],
        "FreeBind": True,
    }})


def _guard_unit(site: Site, node: Node) -> systemd.Document:
    poll_s = site.timers.seconds("rabbitmq.net_ticktime")
    return systemd.document({
        "Unit": {"Description": "Restarts the broker of this node when it serves alone, or waits in vain",
                 "After": BROKER_UNIT, "StartLimitIntervalSec": 0},
        "Service": {"ExecStart": systemd.command((GUARD, f"{node.replication}:{DISTRIBUTION_PORT}", poll_s,
                                                  member(node.name), *map(member, site.controllers))),
                    "Restart": "always", "RestartSec": site.timers.seconds("systemd.restart_delay")},
        "Install": {"WantedBy": "multi-user.target"},
    })
