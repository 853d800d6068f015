"""The files of the one MariaDB, the same on both nodes: configuration, unit, scripts and agent."""

from __future__ import annotations

import json

from fournines.artifacts import ini, systemd
from fournines.blueprint.files import NodeFile
from fournines.blueprint.volumes import Volume
from fournines.cluster.topology import Cluster, Vip
from fournines.layers.database.artifacts import (
    ACCOUNTS_SCRIPT,
    ACCOUNTS_SETTINGS,
    DATA_SCRIPT,
    DATADIR,
    DROP_IN,
    SERVER_FILE,
    SOCKET,
    script,
)
from fournines.layers.database.spec import DatabaseSpec
from fournines.layers.layer import Site
from fournines.layers.resource_agents import shipped

AGENT = "mariadb"
DATA_SETTINGS = "/etc/fournines/mysql-data.json"
STOP_S = 120   # for what is in memory only; a stop that takes longer is forced


def vip_of(cluster: Cluster, spec: DatabaseSpec) -> Vip:
    """The address that moves with the database."""
    return cluster.vips[spec.vip] if spec.vip else cluster.service_vip


def files(site: Site, spec: DatabaseSpec, volume: Volume) -> tuple[NodeFile, ...]:
    """Everything that the layer writes on a node."""
    data = {"volume": volume.name, "promotes": volume.promotes, "device": volume.device,
            "filesystem": volume.filesystem, "datadir": DATADIR}
    return (
        NodeFile(SERVER_FILE, ini.emit(server(site, spec)).encode()),
        NodeFile(DROP_IN, systemd.emit(drop_in()).encode()),
        NodeFile(ACCOUNTS_SETTINGS, (json.dumps({"socket": SOCKET}, indent=1) + "\n").encode()),
        NodeFile(ACCOUNTS_SCRIPT, script("sql_accounts.py"), mode=0o755),
        NodeFile(DATA_SETTINGS, (json.dumps(data, indent=1) + "\n").encode()),
        NodeFile(DATA_SCRIPT, script("mysql_data.py"), mode=0o755),
        *shipped([AGENT]))


def server(site: Site, spec: DatabaseSpec) -> ini.Document:
    """MariaDB's configuration; docs/layers/database.md gives the reason for each setting."""
    pool = f"{spec.buffer_pool_mib}M"
    return ini.my_cnf({"mysqld": {
        # The guide's 50.56.179.138 is no address of its cluster. The VIP is there first, see resources.py.
        "bind_address": vip_of(site.cluster, spec).address,
        "skip_name_resolve": True,
        "max_connections": spec.max_connections,
        "default_storage_engine": "InnoDB",
        "innodb_buffer_pool_size": pool,
        # Its default reserves 8 TiB of addresses, which not every machine has.
        "innodb_buffer_pool_size_max": pool,
        # An acknowledged write is on this disk, and by DRBD's protocol C on the other node's too.
        "innodb_flush_log_at_trx_commit": 1,
        "innodb_flush_method": "O_DIRECT",
        # A pool that is filled at the start would read while the service is waited for.
        "innodb_buffer_pool_load_at_startup": False,
    }})


def drop_in() -> systemd.Document:
    """How mariadb.service starts: at once, as Pacemaker says, and only then."""
    return systemd.document({
        "Unit": {"StartLimitIntervalSec": 0},
        "Service": {
            # Debian's goes through a shell and Galera's recovery, and then looks at all tables; in a failover
            # every client waits for that.
            "ExecStart": ["", "/usr/sbin/mariadbd"],
            "ExecStartPost": "",
            # What ended is started again where Pacemaker says.
            "Restart": "no",
            "TimeoutStartSec": "infinity",
            "TimeoutStopSec": STOP_S,
        }})
