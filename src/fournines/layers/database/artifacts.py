"""The files of the database layer: MariaDB's configuration, systemd units, node scripts, their settings."""

from __future__ import annotations

import json
from importlib import resources

from fournines.artifacts import ini, systemd
from fournines.blueprint.files import NodeFile
from fournines.cluster.timers.waits import health_poll_s
from fournines.cluster.topology import Node
from fournines.layers.database.spec import DatabaseSpec
from fournines.layers.layer import Site

SQL_PORT, HEALTH_PORT = 3306, 9200
GROUP_PORT, IST_PORT = 4567, 4568
SOCKET = "/run/mysqld/mysqld.sock"
DATADIR = "/var/lib/mysql"
SCRIPTS, PYTHON = "/usr/lib/fournines", "/usr/bin/python3"
SCRIPT_NAMES = ("sql_accounts.py", "galera_health.py", "galera_start.py", "galera_priority.py",
                "mysql_data.py")
HEALTH_ACCOUNT = "fournines-health"   # system user and database account alike: unix_socket wants it so
SST_ACCOUNT = "fournines-sst"
SST_SECRET = "database.sst"           # noqa: S105 - the secret's name

SERVER_FILE = "/etc/mysql/mariadb.conf.d/99-fournines.cnf"
SST_FILE = "/etc/mysql/mariadb.conf.d/99-fournines-sst.cnf"
SETTINGS_FILE = "/etc/fournines/galera.json"
ACCOUNTS_SCRIPT, ACCOUNTS_SETTINGS = f"{SCRIPTS}/sql_accounts.py", "/etc/fournines/sql.json"
DATA_SCRIPT = f"{SCRIPTS}/mysql_data.py"
MARIADB_UNIT, HEALTH_UNIT, GUARD_UNIT = ("mariadb.service", "fournines-galera-health.service",
                                         "fournines-galera-guard.service")
DROP_IN = f"/etc/systemd/system/{MARIADB_UNIT}.d/fournines.conf"
TOKEN = "/run/fournines/galera-bootstrap"  # noqa: S105 - a one-time permission, not a password


def files(site: Site, spec: DatabaseSpec, node: Node) -> tuple[NodeFile, ...]:
    """Everything that the layer writes on one controller."""
    return (
        NodeFile(SERVER_FILE, ini.emit(server(site, spec, node)).encode()),
        NodeFile(SST_FILE, ini.emit(state_transfer(site)).encode(), mode=0o640, group="mysql", secret=True),
        NodeFile(SETTINGS_FILE, (json.dumps(settings(site, spec, node), indent=1) + "\n").encode()),
        NodeFile(ACCOUNTS_SETTINGS, (json.dumps(accounts_settings(), indent=1) + "\n").encode()),
        NodeFile(DROP_IN, systemd.emit(drop_in(site)).encode()),
        NodeFile(f"/etc/systemd/system/{HEALTH_UNIT}", systemd.emit(health_unit(site)).encode()),
        NodeFile(f"/etc/systemd/system/{GUARD_UNIT}", systemd.emit(guard_unit(site)).encode()),
        *(NodeFile(f"{SCRIPTS}/{name}", script(name), mode=0o755) for name in SCRIPT_NAMES))


def script(name: str) -> bytes:
    """A node script as it is shipped."""
    return resources.files("fournines.layers.database.node").joinpath(name).read_bytes()


def server(site: Site, spec: DatabaseSpec, node: Node) -> ini.Document:
    """MariaDB's configuration; docs/layers/database.md gives the reason for each setting."""
    members = site.cluster.controllers
    return ini.my_cnf({"mysqld": {
        "bind_address": node.management,
        "skip_name_resolve": True,
        "max_connections": spec.max_connections,
        "default_storage_engine": "InnoDB",
        "innodb_buffer_pool_size": f"{spec.buffer_pool_mib}M",
        # Galera replicates rows, and its appliers insert in another order than the writer.
        "binlog_format": "ROW",
        "innodb_autoinc_lock_mode": 2,
        # An acknowledged write is on this member's disk: it outlives the loss of power on all members.
        "innodb_flush_log_at_trx_commit": 1,
        "sync_binlog": 1,
        "wsrep_on": True,
        "wsrep_provider": "/usr/lib/galera/libgalera_smm.so",
        "wsrep_cluster_name": site.cluster.name,
        "wsrep_cluster_address": "gcomm://" + ",".join(f"{each.replication}:{GROUP_PORT}"
                                                       for each in members),
        "wsrep_node_name": node.name,
        "wsrep_node_address": node.replication,
        "wsrep_provider_options": provider_options(site, spec, node),
        "wsrep_slave_threads": spec.applier_threads,
        # Reads on a new writer see everything that was acknowledged by the old one.
        "wsrep_sync_wait": 1,
        "wsrep_sst_method": "mariabackup",
        # The first one first, for the last one is most likely the writer. The final comma allows any.
        "wsrep_sst_donor": ",".join([each.name for each in members if each != node] + [""]),
    }})


def provider_options(site: Site, spec: DatabaseSpec, node: Node) -> str:
    """``wsrep_provider_options``. Without ``pc.recovery``, because galera_start.py alone decides how a
    cluster comes back: restoring the last view would start members that ought to wait."""
    def seconds(name: str) -> str:
        return f"PT{site.timers.seconds(f'galera.{name}'):g}S"

    options = {
        "gmcast.listen_addr": f"tcp://{node.replication}:{GROUP_PORT}",
        "gmcast.peer_timeout": seconds("peer_timeout"),
        "ist.recv_addr": f"{node.replication}:{IST_PORT}",
        "evs.suspect_timeout": seconds("suspect_timeout"),
        "evs.inactive_timeout": seconds("inactive_timeout"),
        "evs.inactive_check_period": seconds("inactive_check_period"),
        "evs.keepalive_period": seconds("keepalive_period"),
        "evs.install_timeout": seconds("install_timeout"),
        "gcache.size": f"{spec.gcache_mib}M",
        "pc.recovery": "no",
        # As Corosync does it: who is late because others compute is taken for lost. galera_priority.py takes
        # it away where the machine does not allow it.
        "gcomm.thread_prio": "rr:1",
    }
    return ";".join(f"{name}={value}" for name, value in options.items())


def state_transfer(site: Site) -> ini.Document:
    """The login that mariabackup uses on a donor; only root and mysql may read it."""
    return ini.my_cnf({"mysqld": {"wsrep_sst_auth": f"{SST_ACCOUNT}:{site.secret(SST_SECRET)}"}})


def settings(site: Site, spec: DatabaseSpec, node: Node) -> dict[str, object]:
    """What the node scripts are told; each script names in its ``Settings`` what the keys mean."""
    frozen_s, inactive_s = (site.timers.seconds(f"galera.{name}_timeout") for name in ("suspect", "inactive"))
    return {
        "node": node.name,
        "address": str(node.management),
        "port": HEALTH_PORT,
        "socket": SOCKET,
        "datadir": DATADIR,
        "account": HEALTH_ACCOUNT,
        "members": {each.name: str(each.management) for each in site.cluster.controllers},
        "health": {"poll_s": round(health_poll_s(site.timers), 3), "frozen_s": frozen_s,
                   "stale_after_s": site.timers.seconds("galera.silence"),
                   "serve_as_donor": spec.serve_as_donor,
                   # It has to miss the others first, and then to agree with them on a new component.
                   "settle_s": round(inactive_s + site.timers.seconds("galera.install_timeout"), 3)},
        "start": {"ask_timeout_s": 2.0, "ask_every_s": 1.0,
                  # Longer than any view change: a component that is about to form again is left alone.
                  "guard_patience_s": 2 * inactive_s},
    }


def accounts_settings() -> dict[str, str]:
    """What sql_accounts.py is told."""
    return {"socket": SOCKET, "account": HEALTH_ACCOUNT, "sst_file": SST_FILE}


def drop_in(site: Site) -> systemd.Document:
    """How mariadb.service starts: as galera_start.py decides, for as long as that takes, ever again."""
    before = ["network-online.target", HEALTH_UNIT]
    start, accounts = f"{SCRIPTS}/galera_start.py", ACCOUNTS_SCRIPT
    return systemd.document({
        "Unit": {"Wants": before, "After": before, "StartLimitIntervalSec": 0},
        "Service": {
            "EnvironmentFile": [f"-/run/fournines/galera/{name}.env" for name in ("start", "options")],
            # + runs it as root: the unit itself runs as mysql.
            "ExecStartPre": ["+" + systemd.command([PYTHON, start, "start"]),
                             "+" + systemd.command([PYTHON, f"{SCRIPTS}/galera_priority.py"])],
            # The empty one takes Debian's away. It upgrades system tables in the background whenever a member
            # starts, without the group; beside replicated DDL on a member that has just joined, each was seen
            # to wait for the other, and flow control then stopped all writes.
            "ExecStartPost": ["", "-+" + systemd.command([PYTHON, accounts, "system"]),
                              "-+" + systemd.command([PYTHON, start, "done"])],
            "ExecStopPost": "-+" + systemd.command([PYTHON, start, "done"]),
            # Members wait for one another, and a full copy of the data takes as long as it takes.
            "TimeoutStartSec": "infinity",
            "Restart": "on-failure",
            "RestartSec": site.timers.seconds("systemd.restart_delay"),
            # For gcomm.thread_prio: who is not root may ask for no more than this.
            "LimitRTPRIO": 1,
        }})


def health_unit(site: Site) -> systemd.Document:
    """The health endpoint: unprivileged, always there, and before others when the CPU is scarce."""
    return systemd.document({
        "Unit": {"Description": "Health of this Galera member over HTTP", "After": "network-online.target",
                 "Wants": "network-online.target", "StartLimitIntervalSec": 0},
        "Service": {
            "User": HEALTH_ACCOUNT,
            "ExecStart": systemd.command([PYTHON, "-u", f"{SCRIPTS}/galera_health.py"]),
            "Restart": "always",
            "RestartSec": site.timers.seconds("systemd.restart_delay"),
            # A late answer is a false alarm that moves every client to another member.
            "Nice": -10,
            "NoNewPrivileges": True,
            "ProtectSystem": "strict",
            "ProtectHome": True,
            "PrivateTmp": True,
            "CapabilityBoundingSet": "",
            "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6",
        },
        "Install": {"WantedBy": "multi-user.target"}})


def guard_unit(site: Site) -> systemd.Document:
    """Brings a member back that runs on without quorum while those that would give it wait."""
    return systemd.document({
        "Unit": {"Description": "Return of this Galera member after the loss of quorum", "After": HEALTH_UNIT,
                 "StartLimitIntervalSec": 0},
        "Service": {
            "ExecStart": systemd.command([PYTHON, "-u", f"{SCRIPTS}/galera_start.py", "guard"]),
            "Restart": "always",
            "RestartSec": site.timers.seconds("systemd.restart_delay"),
        },
        "Install": {"WantedBy": "multi-user.target"}})
