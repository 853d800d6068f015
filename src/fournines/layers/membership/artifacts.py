"""The files of Corosync and Pacemaker on each member."""

from __future__ import annotations

import base64

from fournines.artifacts import cib, corosync
from fournines.blueprint.files import NodeDirectory, NodeFile
from fournines.cluster.topology import Node
from fournines.layers.layer import Site
from fournines.layers.membership import arbitrator, configuration, fencing, units, watchdog
from fournines.layers.membership.fencing import KEY_SECRET as KEY_SECRET
from fournines.layers.membership.units import COROSYNC_UNIT as COROSYNC_UNIT
from fournines.layers.membership.units import LOAD_SCRIPT as LOAD_SCRIPT
from fournines.layers.membership.units import PACEMAKER_UNIT as PACEMAKER_UNIT

COROSYNC, AUTHKEY = "/etc/corosync/corosync.conf", "/etc/corosync/authkey"
COROSYNC_DROP_IN, PACEMAKER_DROP_IN = units.drop_in(COROSYNC_UNIT), units.drop_in(PACEMAKER_UNIT)
COROSYNC_FILES, PACEMAKER_FILES = (COROSYNC, AUTHKEY, COROSYNC_DROP_IN), (PACEMAKER_DROP_IN,)
CIB = "/etc/fournines/cib.xml"
TEST_SCRIPT, SEED_SCRIPT = "/usr/lib/fournines/fence_test.py", "/usr/lib/fournines/cib_seed.py"
ON_DISK = "/var/lib/pacemaker/cib/cib.xml"   # where Pacemaker keeps its own
DIRECTORIES = (NodeDirectory(fencing.SECRETS, 0o700),)


def files(site: Site, node: Node) -> tuple[NodeFile, ...]:
    """Everything that the layer writes on one member."""
    return (
        NodeFile(COROSYNC, corosync_text(site).encode()),
        NodeFile(AUTHKEY, base64.b64decode(site.secret(KEY_SECRET)), 0o400, secret=True),
        NodeFile(COROSYNC_DROP_IN, units.restarted(site, wants=arbitrator.QDEVICE_UNIT
                                                   if site.cluster.arbitrated else "")),
        NodeFile(PACEMAKER_DROP_IN, units.restarted(site)),
        NodeFile(CIB, cib.emit(configuration.whole(site)).encode()),
        NodeFile(LOAD_SCRIPT, units.shipped("cib_load.py"), 0o755),
        NodeFile(TEST_SCRIPT, units.shipped("fence_test.py"), 0o755),
        NodeFile(SEED_SCRIPT, units.shipped("cib_seed.py"), 0o755),
        *fencing.files(site),
        *arbitrator.files(site, "member"),
        *watchdog.files(site),
    )


def corosync_text(site: Site) -> str:
    """corosync.conf, the same on every member."""
    return corosync.emit(_membership(site))


def _membership(site: Site) -> corosync.Document:
    second = "replication" in site.cluster.networks
    return corosync.Document((
        units.section("totem", {
            "version": 2,
            "cluster_name": site.cluster.name,
            "transport": "knet",
            # One link carries the messages and the other stands by; a link that is lost costs nothing.
            "link_mode": "passive",
            "crypto_cipher": "aes256",
            "crypto_hash": "sha256",
            "token": site.timers.ms("corosync.token"),
            "token_coefficient": 0,
            "token_retransmits_before_loss_const": site.timers.count("corosync.token_retransmits"),
            "consensus": site.timers.ms("corosync.consensus"),
        }),
        units.section("quorum", {
            "provider": "corosync_votequorum",
            # Two have no majority: both are needed to begin, one is enough to go on, and fencing decides.
            **({"two_node": 1, "wait_for_all": 1}
               if len(site.controllers) == 2 and not site.cluster.arbitrated else {}),
        }, *arbitrator.device(site)),
        units.section("nodelist", {}, *(
            units.section("node", {"name": node.name, "nodeid": number, "ring0_addr": node.management,
                              **({"ring1_addr": node.replication} if second else {})})
            for number, node in enumerate(site.cluster.controllers, 1))),
        units.section("logging", {"to_stderr": False, "to_logfile": False, "to_syslog": True,
                                  "timestamp": "off"}),
    ))
