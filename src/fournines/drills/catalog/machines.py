"""A whole machine is lost: off, or on and executing nothing."""

from __future__ import annotations

from fournines.drills.drill import Drill, Target
from fournines.drills.faults import freeze, power_off, throttle

DRILLS = (
    Drill("power-off-vip-holder",
          "the machine that holds the service address loses its power while clients are working",
          power_off(Target.VIP_HOLDER), chain="node power loss"),
    Drill("power-off-database-writer",
          "the machine whose database takes all writes loses its power",
          power_off(Target.DATABASE_WRITER), layer="database", chain="node power loss", lower_holds=False),
    Drill("power-off-other-controller",
          "a controller that does not hold the service address loses its power",
          power_off(Target.OTHER), chain="node power loss", lower_holds=False),
    # No chain: the kernel of a frozen container goes on to acknowledge, which that of a frozen computer does
    # not; what notices is other than after silence.
    Drill("freeze-vip-holder",
          "the machine that holds the service address hangs: it executes nothing and keeps its connections",
          freeze(Target.VIP_HOLDER)),
    Drill("throttle-vip-holder",
          "the machine that holds the service address gets a twentieth of a processor: slow, and not silent",
          throttle(Target.VIP_HOLDER, 5)),
    # More than a promise about single failures covers: nothing may be lost, and nobody be needed.
    Drill("power-off-two",
          "the machine that holds the service address and another lose their power: of three the majority",
          power_off(Target.VIP_HOLDER), beside=power_off(Target.OTHER), blocks=True, beyond=True),
    Drill("power-off-all", "all controllers lose their power at once, and get it back",
          power_off(Target.VIP_HOLDER), beside=power_off(Target.OTHERS), blocks=True, beyond=True),
)
