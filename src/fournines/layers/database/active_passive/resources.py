"""The database as Pacemaker runs it: address, file system and MariaDB, where its volume may be mounted."""

from __future__ import annotations

from dataclasses import replace

from fournines.blueprint.resources import Group, Primitive, Resources, address, operations
from fournines.blueprint.volumes import Volume
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster
from fournines.layers.database.active_passive.artifacts import AGENT, STOP_S, vip_of
from fournines.layers.database.spec import DatabaseSpec

MARIADB, GROUP = "p_mysql", "g_mysql"
START_S = 300.0   # the recovery of what was under way when the other node died included
ADDRESS_EVERY = 5   # a look starts dozens of processes; the service's own monitor asks at this address


def resources(cluster: Cluster, timers: Timers, spec: DatabaseSpec, volume: Volume) -> Resources:
    """The guide's group, in its order: MariaDB can only listen on an address that is there."""
    vip = address(cluster, timers, vip_of(cluster, spec).name)
    every_s = timers.seconds("pacemaker.monitor_interval")
    vip = replace(vip, operations=operations(timers, monitor_s=ADDRESS_EVERY * every_s))
    mariadb = Primitive(MARIADB, f"ocf:openstack:{AGENT}", {},
                        operations(timers, monitor_s=every_s, start_s=START_S, stop_s=1.5 * STOP_S))
    group = Group(GROUP, (vip.id, volume.mounted_id, MARIADB))
    return Resources(primitives=(vip, mariadb), groups=(group,)) + volume.carries(GROUP)
