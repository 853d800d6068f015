"""Fencing devices as Pacemaker has them: one for each node and entry of the cluster file, in levels.

Passwords are in no configuration: agents run a command that prints theirs from a file of root's
(``password_script``, fencing(8) of the fence-agents project).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass

from fournines.artifacts.document import text_of
from fournines.blueprint.contribution import SecretKind, SecretNeed
from fournines.blueprint.files import NodeFile
from fournines.blueprint.resources import Location, Operation, Primitive, Resources
from fournines.cluster.needs import LAB_SWITCHES
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster
from fournines.layers.layer import Site
from fournines.layers.membership.spec import LAB, WATCHDOG, FencingDevice, MembershipSpec

SECRETS = "/etc/fournines/fencing"
KEY_SECRET = "membership.authkey"  # noqa: S105 - Corosync's key: its name in the secret store
LAB_USER = "fournines"


@dataclass(frozen=True, slots=True)
class Device:
    """One device against one node: ``name`` is its id in the cluster, ``parameters`` are what its agent is
    told; ``secrets`` are the names in the secret store of what it logs in with."""

    name: str
    node: str
    agent: str
    level: int
    parameters: Mapping[str, str]
    secrets: tuple[str, ...] = ()


def entries(cluster: Cluster) -> tuple[FencingDevice, ...]:
    """The devices that the cluster file names; in a lab, the power switch that its machines have."""
    spec = cluster.spec(MembershipSpec) or MembershipSpec()
    if not isinstance(spec.fencing, str):
        return spec.fencing
    address = cluster.client_address(cluster.networks["management"])
    return (FencingDevice(
        "fence_redfish", parameters={"ip": str(address), "username": LAB_USER, "ssl_secure": True},
        nodes={node.name: {"systems_uri": f"/redfish/v1/Systems/{node.name}"}
               for node in cluster.controllers},
        secrets={"password": LAB}),)


def devices(cluster: Cluster) -> tuple[Device, ...]:
    """Every device against every node that it is for, in the order of nodes and levels."""
    found = [_device(cluster, entry, number, node.name)
             for node in cluster.controllers for number, entry in enumerate(entries(cluster), 1)
             if entry.agent != WATCHDOG and (not entry.nodes or node.name in entry.nodes)]
    order = [node.name for node in cluster.controllers]
    return tuple(sorted(found, key=lambda each: (order.index(each.node), each.level)))


def _device(cluster: Cluster, entry: FencingDevice, number: int, node: str) -> Device:
    own = {**entry.parameters, **entry.nodes.get(node, {})}
    texts = {name: text_of(value, "1", "0") for name, value in own.items()}
    scripts = {f"{name}_script": f"cat {_secret_file(secret_name(cluster, secret))}"
               for name, secret in entry.secrets.items()}
    return Device(f"fence_{node}_{number}", node, entry.agent, entry.level, {**texts, **scripts},
                  tuple(secret_name(cluster, secret) for secret in entry.secrets.values()))


def digests(site: Site) -> dict[str, str]:
    """Device -> a digest of all that its agent is told, passwords included: another one is another device.

    Keyed with the key of Corosync, so that who reads it, without that key, cannot try passwords on it."""
    key = site.secret(KEY_SECRET).encode()
    return {each.name: hmac.digest(key, json.dumps([
        each.agent, each.node, sorted(each.parameters.items()), [site.secret(name) for name in each.secrets],
    ]).encode(), hashlib.sha256).hex() for each in devices(site.cluster)}


def secret_name(cluster: Cluster, secret: str) -> str:
    """In the secret store; that of a lab's own switches is given by the lab, others by the operator."""
    spec = cluster.spec(MembershipSpec)
    return LAB_SWITCHES.name if spec is not None and spec.fencing == LAB else f"fencing.{secret}"


def secrets(cluster: Cluster) -> tuple[SecretNeed, ...]:
    """What the devices' agents log in with."""
    names = dict.fromkeys(secret_name(cluster, secret) for entry in entries(cluster)
                          for secret in entry.secrets.values())
    return tuple(SecretNeed(name, SecretKind.GIVEN) for name in names)


def files(site: Site) -> tuple[NodeFile, ...]:
    """The secrets, for root alone."""
    return tuple(NodeFile(_secret_file(need.name), f"{site.secret(need.name)}\n".encode(), 0o600, secret=True)
                 for need in secrets(site.cluster))


def _secret_file(name: str) -> str:
    return f"{SECRETS}/{name}"


def resources(cluster: Cluster, timers: Timers) -> Resources:
    """The devices, none of them on the node that it is against: who has failed does not fence himself."""
    found = devices(cluster)
    return Resources(
        primitives=tuple(_primitive(cluster, timers, each) for each in found),
        locations=tuple(Location(f"l_{each.name}", each.name, each.node, "-INFINITY") for each in found))


def _primitive(cluster: Cluster, timers: Timers, device: Device) -> Primitive:
    limit = f"{timers.seconds('pacemaker.fence_timeout'):g}s"
    delay_s = timers.seconds("pacemaker.fence_delay")
    # Of two nodes that lose each other, one has to be faster.
    first = delay_s and device.node == cluster.controllers[0].name
    every_s, patience_s = (timers.seconds(f"pacemaker.{name}") for name in ("fencing_interval",
                                                                            "operation_timeout"))
    return Primitive(
        device.name, f"stonith:{device.agent}",
        {**device.parameters, "pcmk_host_list": device.node, "pcmk_host_check": "static-list",
         "pcmk_reboot_timeout": limit, "pcmk_off_timeout": limit,
         # With the node's name: Pacemaker 2.1 takes the time alone too, and logs an error for it.
         **({"pcmk_delay_base": f"{device.node}:{delay_s:g}s"} if first else {})},
        (Operation("start", 0, patience_s), Operation("monitor", every_s, patience_s)),
        # Started before all else: a broker that takes its time must not be waited for. One that has failed is
        # asked again soon, as a network that was away must not cost its monitor for long; but not before an
        # action may have ended, or failures would be forgotten while they add up.
        meta={"priority": "1", "failure-timeout": f"{every_s + patience_s:g}s"})
