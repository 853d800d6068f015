"""The files of the one broker, the same on both nodes: it is called the same wherever it runs."""

from __future__ import annotations

from importlib.resources import files as package_files

from fournines.artifacts import environment, erlang, rabbitmq, systemd
from fournines.blueprint.files import NodeDirectory, NodeFile
from fournines.cluster.topology import Cluster, Vip
from fournines.layers.layer import Site
from fournines.layers.messaging.accounts import definitions
from fournines.layers.messaging.artifacts import (
    ADVANCED,
    BROKER_DROP_IN,
    CONFIG,
    COOKIE,
    COOKIE_SECRET,
    DATADIR,
    DEFINITIONS,
    ENVIRONMENT,
    EPMD_DROP_IN,
    EPMD_PORT,
    PORT,
    WRITTEN,
)
from fournines.layers.messaging.spec import MessagingSpec
from fournines.layers.resource_agents import shipped

AGENT = "rabbitmq"
NODENAME = "rabbit@localhost"
HERE = "127.0.0.1"
STOP_S = 120
# See node/rabbitmq_code.py. RabbitMQ puts the directory of every plugin that it may have before all others,
# and asks each for the settings that it knows: an empty directory says that there is nobody but itself.
CODE, CODE_SCRIPT = "/usr/lib/fournines/erlang", "/usr/lib/fournines/rabbitmq_code.py"
PLUGINS = "/usr/lib/fournines/rabbitmq-plugins"
DIRECTORIES = (NodeDirectory(PLUGINS), NodeDirectory(f"{PLUGINS}/rabbit"))
_CODE_SOURCE = package_files("fournines.layers.messaging") / "node" / "rabbitmq_code.py"


def vip_of(cluster: Cluster, spec: MessagingSpec) -> Vip:
    """The address that moves with the broker."""
    return cluster.vips[spec.vip] if spec.vip else cluster.service_vip


def files(site: Site, spec: MessagingSpec) -> tuple[NodeFile, ...]:
    """Everything that the broker reads."""
    accounts = rabbitmq.emit_definitions(definitions(site.exchange.broker_accounts, site.secret, "classic"))
    return (
        NodeFile(COOKIE, site.secret(COOKIE_SECRET).encode(), 0o400, "rabbitmq", "rabbitmq", secret=True),
        NodeFile(CONFIG, rabbitmq.emit(_config(site, spec)).encode()),
        NodeFile(ADVANCED, erlang.emit(_advanced()).encode()),
        NodeFile(ENVIRONMENT, environment.emit(_environment(spec)).encode()),
        NodeFile(DEFINITIONS, accounts.encode(), 0o640, "root", "rabbitmq", secret=True),
        NodeFile(BROKER_DROP_IN, systemd.emit(_broker_drop_in()).encode()),
        NodeFile(EPMD_DROP_IN, systemd.emit(_epmd_drop_in()).encode()),
        NodeFile(CODE_SCRIPT, _CODE_SOURCE.read_bytes(), 0o755),
        *shipped([AGENT]))


def _config(site: Site, spec: MessagingSpec) -> rabbitmq.Document:
    memory = ({"vm_memory_high_watermark.absolute": f"{spec.memory_limit_mb}MB"} if spec.memory_limit_mb
              else {"vm_memory_high_watermark.relative": spec.memory_share})
    return rabbitmq.document({
        "cluster_name": site.cluster.name,
        "listeners.tcp.vip": f"{vip_of(site.cluster, spec).address}:{PORT}",
        # The agent's question says no more than hello, and hangs up.
        "log.connection.level": "error",
        "loopback_users.guest": True,
        "load_definitions": DEFINITIONS,
        "heartbeat": round(site.timers.seconds("rabbitmq.heartbeat")),
        **memory,
        "disk_free_limit.absolute": f"{spec.disk_reserve_mb}MB",
    })


def _advanced() -> erlang.Term:
    """There is nobody to speak to but the tools on this node."""
    address = erlang.Tuple(tuple(int(part) for part in HERE.split(".")))
    return erlang.proplist({"kernel": erlang.proplist({"inet_dist_use_interface": address})})


def _environment(spec: MessagingSpec) -> environment.Document:
    """The broker's name is in those of its files: with the host's in it, the other node would find none."""
    schedulers = f" +S {spec.schedulers}:{spec.schedulers}" if spec.schedulers else ""
    return environment.document({"NODENAME": NODENAME, "ERL_EPMD_ADDRESS": HERE, "PLUGINS_DIR": PLUGINS,
                                 "SERVER_ADDITIONAL_ERL_ARGS": f"-pa {CODE}{schedulers}"})


def _broker_drop_in() -> systemd.Document:
    return systemd.document({
        "Unit": {"StartLimitIntervalSec": 0},
        "Service": {
            # + runs it as root: a new file system belongs to root.
            "ExecStartPre": "+" + systemd.command(["/bin/chown", "rabbitmq:rabbitmq", DATADIR]),
            "ExecStartPost": WRITTEN,
            # Debian's starts a second Erlang to say what a signal says as well.
            "ExecStop": "",
            # What ended is started again where Pacemaker says.
            "Restart": "no",
            "TimeoutStartSec": "infinity",
            "TimeoutStopSec": STOP_S,
        }})


def _epmd_drop_in() -> systemd.Document:
    return systemd.document({"Socket": {"ListenStream": ["", f"{HERE}:{EPMD_PORT}"]}})
