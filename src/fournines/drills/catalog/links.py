"""Networks fail: cables are pulled, or packets are lost while every link stays up."""

from __future__ import annotations

from fournines.drills.drill import Direction, Drill, Target
from fournines.drills.faults import cut, drop, drop_of_one

DRILLS = (
    # Where one network of two is cut no chain is right: what depends on the other one goes on.
    Drill("cut-management-of-vip-holder",
          "the machine that holds the service address loses its cable to clients and services",
          cut(Target.VIP_HOLDER, "management")),
    Drill("cut-replication-of-writer",
          "the machine whose database takes all writes loses its cable to the other members",
          cut(Target.DATABASE_WRITER, "replication"), layer="database"),
    Drill("cut-all-links-of-vip-holder",
          "the machine that holds the service address loses every cable",
          cut(Target.VIP_HOLDER), chain="silent drop"),
    Drill("asymmetric-partition",
          "the machine that holds the service address no longer hears the others on management; they hear it",
          drop(Target.VIP_HOLDER, Direction.HEARD, "management")),
    Drill("partition-halves",
          "no packet passes between the machine that holds the service address and the other controllers; "
          "clients reach both halves",
          drop(Target.VIP_HOLDER, Direction.BOTH)),
    Drill("partial-partition",
          "the machine that holds the service address and one other do not hear each other; the third hears "
          "both",
          drop_of_one(Target.VIP_HOLDER)),
)
