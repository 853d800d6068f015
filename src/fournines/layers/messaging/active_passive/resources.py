"""The broker as Pacemaker runs it: address, file system and RabbitMQ, where its volume may be mounted."""

from __future__ import annotations

from dataclasses import replace

from fournines.blueprint.resources import Group, Primitive, Resources, address, operations
from fournines.blueprint.volumes import Volume
from fournines.cluster.timers import Timers
from fournines.cluster.topology import Cluster
from fournines.layers.messaging.active_passive.artifacts import AGENT, STOP_S, vip_of
from fournines.layers.messaging.artifacts import PORT
from fournines.layers.messaging.spec import MessagingSpec

RABBITMQ, GROUP = "p_rabbitmq", "g_rabbitmq"
START_S = 300.0   # with the messages that it finds
ADDRESS_EVERY = 5   # a look starts dozens of processes; the service's own monitor asks at this address


def resources(cluster: Cluster, timers: Timers, spec: MessagingSpec, volume: Volume) -> Resources:
    """The guide's group, in its order: the broker can only listen on an address that is there."""
    held = vip_of(cluster, spec)
    vip = address(cluster, timers, held.name)
    every_s = timers.seconds("pacemaker.monitor_interval")
    vip = replace(vip, operations=operations(timers, monitor_s=ADDRESS_EVERY * every_s))
    broker = Primitive(
        RABBITMQ, f"ocf:openstack:{AGENT}", {"address": str(held.address), "port": str(PORT)},
        operations(timers, monitor_s=every_s, start_s=START_S, stop_s=1.5 * STOP_S))
    group = Group(GROUP, (vip.id, volume.mounted_id, RABBITMQ))
    return Resources(primitives=(vip, broker), groups=(group,)) + volume.carries(GROUP)
