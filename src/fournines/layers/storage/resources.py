"""How Pacemaker runs a volume: DRBD on both nodes, promoted on one, its file system mounted there."""

from __future__ import annotations

from fournines.blueprint.resources import Clone, Operation, Primitive, Resources
from fournines.blueprint.volumes import MirroredVolume, file_system
from fournines.cluster.timers import Timers

# What ocf:linbit:drbd of drbd-utils 9.22 advises in its metadata.
DRBD_START_S, DRBD_OTHER_S, DRBD_STOP_S = 240.0, 90.0, 100.0
# Each look of this agent starts dozens of processes, and what it looks at does not end by itself: DRBD leaves
# a broken disk without being asked.
DRBD_EVERY = 5
# How gladly a side is promoted, by what it knows: only that its data are consistent; that the other side's
# are up to date; that its own are, and of the other's nothing; that both are. With the agent's own 1000 for
# the third, a node that has taken over is worth less, until the agent looks again, than the one that comes
# back and sees both, and all was moved back to that. A side with old data is kept from being promoted by
# DRBD's own constraint, not by this.
EAGERNESS = "0 10 10000 10000"


def resources(volumes: tuple[MirroredVolume, ...], timers: Timers) -> Resources:
    """Of all volumes."""
    return sum((_volume(each, timers) for each in volumes), Resources())


def _volume(volume: MirroredVolume, timers: Timers) -> Resources:
    every_s = timers.seconds("pacemaker.monitor_interval")
    longest_s = timers.seconds("pacemaker.operation_timeout")
    device = Primitive(
        volume.primitive_id, "ocf:linbit:drbd", {
            "drbd_resource": volume.name, "adjust_master_score": EAGERNESS,
            "ignore_missing_notifications": "true"}, (
            Operation("start", 0, max(DRBD_START_S, longest_s)),
            Operation("promote", 0, max(DRBD_OTHER_S, longest_s)),
            Operation("demote", 0, max(DRBD_OTHER_S, longest_s)),
            Operation("notify", 0, max(DRBD_OTHER_S, longest_s)),   # for those who turn it on
            Operation("stop", 0, max(DRBD_STOP_S, longest_s)),
            # Pacemaker tells the two monitors apart by their intervals.
            Operation("monitor", DRBD_EVERY * every_s, longest_s, role="Promoted"),
            Operation("monitor", DRBD_EVERY * every_s + 1, longest_s, role="Unpromoted")))
    clone = Clone(volume.promoted_id, volume.primitive_id, promotable=True, meta={
        "promoted-max": "1", "promoted-node-max": "1", "clone-max": "2", "clone-node-max": "1",
        # Told of everything before and after it happens, each side would start its agent six times for each
        # volume in a failover, and all wait for that. Of two sides that never change there is nothing to
        # learn: a start waits for the connection itself, and what a side is worth it says then and when it is
        # looked at.
        "notify": "false", "interleave": "true"})
    return Resources(primitives=(device, file_system(volume, timers)), clones=(clone,))
