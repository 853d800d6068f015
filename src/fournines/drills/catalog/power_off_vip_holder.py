"""The machine that holds the service address loses its power, under load."""

from __future__ import annotations

from fournines.drills.drill import Act, Capability, Drill, Effect, Fault, Target

DRILL = Drill(
    name="power-off-vip-holder",
    summary="the machine that holds the service address loses its power while clients are working",
    fault=Fault(inject=Act.POWER_OFF, undo=Act.POWER_ON, target=Target.VIP_HOLDER,
                needs=frozenset({Capability.POWER}), effect=Effect.IS_OFF),
    baseline_s=10.0, observe_s=20.0, converge_s=180.0)
