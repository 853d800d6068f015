"""The files of Corosync and Pacemaker on each member."""

from __future__ import annotations

import base64
import json
from importlib.resources import files as package_files

from fournines.artifacts import cib, corosync, systemd
from fournines.artifacts.document import Scalar, text_of
from fournines.blueprint.files import NodeDirectory, NodeFile
from fournines.blueprint.requests import NODE_PYTHON
from fournines.cluster.topology import Node
from fournines.layers.layer import Site
from fournines.layers.membership import configuration, fencing

COROSYNC_UNIT, PACEMAKER_UNIT = "corosync.service", "pacemaker.service"
COROSYNC, AUTHKEY = "/etc/corosync/corosync.conf", "/etc/corosync/authkey"
COROSYNC_DROP_IN = f"/etc/systemd/system/{COROSYNC_UNIT}.d/fournines.conf"
PACEMAKER_DROP_IN = f"/etc/systemd/system/{PACEMAKER_UNIT}.d/fournines.conf"
COROSYNC_FILES, PACEMAKER_FILES = (COROSYNC, AUTHKEY, COROSYNC_DROP_IN), (PACEMAKER_DROP_IN,)
KEY_SECRET = "membership.authkey"  # noqa: S105 - its name in the secret store
CIB = "/etc/fournines/cib.xml"
LOAD_SCRIPT, TEST_SCRIPT = "/usr/lib/fournines/cib_load.py", "/usr/lib/fournines/fence_test.py"
REJOIN_SCRIPT, REJOIN_SETTINGS = "/usr/lib/fournines/rejoin.py", "/etc/fournines/rejoin.json"
RUNS_SINCE = "/var/lib/fournines/pacemaker-boot"   # node/rejoin.py writes it
DIRECTORIES = (NodeDirectory(fencing.SECRETS, 0o700),)


def files(site: Site, node: Node) -> tuple[NodeFile, ...]:
    """Everything that the layer writes on one member."""
    return (
        NodeFile(COROSYNC, corosync_text(site).encode()),
        NodeFile(AUTHKEY, base64.b64decode(site.secret(KEY_SECRET)), 0o400, secret=True),
        NodeFile(COROSYNC_DROP_IN, systemd.emit(systemd.document(_restarted(site))).encode()),
        NodeFile(PACEMAKER_DROP_IN, systemd.emit(_pacemaker(site)).encode()),
        NodeFile(CIB, cib.emit(configuration.whole(site)).encode()),
        NodeFile(LOAD_SCRIPT, _shipped("cib_load.py"), 0o755),
        NodeFile(TEST_SCRIPT, _shipped("fence_test.py"), 0o755),
        NodeFile(REJOIN_SCRIPT, _shipped("rejoin.py"), 0o755),
        NodeFile(REJOIN_SETTINGS, (json.dumps(_rejoin(site), indent=1) + "\n").encode()),
        *fencing.files(site),
    )


def _shipped(name: str) -> bytes:
    return (package_files("fournines.layers.membership") / "node" / name).read_bytes()


def _section(name: str, settings: dict[str, Scalar], *inner: corosync.Section) -> corosync.Section:
    return corosync.Section(name, tuple(corosync.Entry(key, text_of(value, "yes", "no"))
                                        for key, value in settings.items()), inner)


def corosync_text(site: Site) -> str:
    """corosync.conf, the same on every member."""
    return corosync.emit(_membership(site))


def _membership(site: Site) -> corosync.Document:
    second = "replication" in site.cluster.networks
    return corosync.Document((
        _section("totem", {
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
        _section("quorum", {
            "provider": "corosync_votequorum",
            # Two have no majority: both are needed to begin, one is enough to go on, and fencing decides.
            **({"two_node": 1, "wait_for_all": 1} if len(site.controllers) == 2 else {}),
        }),
        _section("nodelist", {}, *(
            _section("node", {"name": node.name, "nodeid": number, "ring0_addr": node.management,
                              **({"ring1_addr": node.replication} if second else {})})
            for number, node in enumerate(site.cluster.controllers, 1))),
        _section("logging", {"to_stderr": False, "to_logfile": False, "to_syslog": True, "timestamp": "off"}),
    ))


def _restarted(site: Site) -> dict[str, dict[str, systemd.Value]]:
    """However it died, it comes back."""
    return {"Unit": {"StartLimitIntervalSec": 0},
            "Service": {"Restart": "on-failure", "RestartSec": site.timers.seconds("systemd.restart_delay")}}


def _pacemaker(site: Site) -> systemd.Document:
    """Restarted too; after the loss of its node it lets the others recover first."""
    both = _restarted(site)
    return systemd.document({**both, "Service": {
        **both["Service"],
        # - : whatever becomes of the wait, Pacemaker starts.
        "ExecStartPre": "-" + systemd.command(["/usr/bin/env", *NODE_PYTHON, REJOIN_SCRIPT, "wait"]),
        "ExecStopPost": "-" + systemd.command(["/bin/rm", "-f", RUNS_SINCE]),
        # It has no end before there is quorum; Pacemaker itself is there at once.
        "TimeoutStartSec": "infinity",
    }})


def _rejoin(site: Site) -> dict[str, object]:
    """What rejoin.py is told."""
    seconds = site.timers.seconds
    return {"answers": [[each.address, each.port] for each in site.exchange.endpoints],
            "limit_s": seconds("pacemaker.rejoin_limit"),
            # As long as the members may take to see one another.
            "hold_s": round(seconds("corosync.token") + seconds("corosync.consensus"), 3)}
