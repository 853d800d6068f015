"""What only a cluster by Pacemaker can lose, or be told: itself on one node, its fencing, a side of its
volumes, a node for maintenance. Losses of nodes, links and other processes are in the other families."""

from __future__ import annotations

from fournines.drills.catalog.processes import Process
from fournines.drills.drill import Drill, Target
from fournines.drills.faults import detach, power_off, standby, unreach_fencing
from fournines.layers.membership.units import COROSYNC_UNIT, PACEMAKER_UNIT

_PROCESSES = (
    Process("corosync-on-vip-holder", "what tells the members of one another, where the address is,",
            Target.VIP_HOLDER, COROSYNC_UNIT, "membership"),
    Process("pacemaker-on-vip-holder", "what starts and stops resources, where the address is,",
            Target.VIP_HOLDER, PACEMAKER_UNIT, "membership"),
)
DRILLS = (
    *(drill for process in _PROCESSES for drill in process.drills()),
    Drill("standby-of-vip-holder", "an operator takes everything off the node that holds the service address",
          standby(Target.VIP_HOLDER), layer="membership"),
    Drill("detach-disks-of-other-side", "the disks of the node that does not run the database are gone",
          detach(Target.OTHER), layer="storage"),
    # Of two nodes the other one is the only one that could fence.
    Drill("power-off-with-fencing-unreachable",
          "the active node loses its power, and the other cannot reach the device that would make sure of it",
          power_off(Target.VIP_HOLDER), beside=unreach_fencing(Target.OTHER), layer="storage", blocks=True),
)
