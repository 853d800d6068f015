"""All timing chains of what was read, against the goal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from fournines.audit.cloud import Cloud
from fournines.audit.systems.goal import goal
from fournines.audit.timing.balancer import api_chains
from fournines.audit.timing.chain import Chain, Standing
from fournines.audit.timing.galera import galera_chains
from fournines.audit.timing.keepalived import keepalived_chains
from fournines.audit.timing.kernel import kernel_chains
from fournines.audit.timing.pacemaker import pacemaker_chains
from fournines.audit.timing.rabbitmq import rabbitmq_chains

_WORST = {standing: number for number, standing in enumerate(Standing)}


@dataclass(frozen=True, slots=True)
class RecoveryTimes:
    """``chains`` worst first; the goal in seconds, and where it is stated (empty: it is our own)."""

    chains: tuple[Chain, ...]
    goal_s: float
    stated: str

    def of(self, standing: Standing) -> tuple[Chain, ...]:
        """The chains that stand so to the goal."""
        return tuple(chain for chain in self.chains if chain.standing(self.goal_s) is standing)

    def as_data(self) -> dict[str, object]:
        """Plain data for ``--json``."""
        return {"goal_s": self.goal_s, "stated": self.stated,
                "chains": [chain.as_data(self.goal_s) for chain in self.chains]}


@lru_cache(maxsize=1)
def recovery_times(cloud: Cloud) -> RecoveryTimes:
    """Every failure on every path that the files know of."""
    aim = goal(cloud)
    chains = (*keepalived_chains(cloud), *api_chains(cloud), *galera_chains(cloud), *rabbitmq_chains(cloud),
              *pacemaker_chains(cloud), *kernel_chains(cloud))
    return RecoveryTimes(tuple(sorted(chains, key=lambda chain: (
        _WORST[chain.standing(aim.seconds)], -chain.waits_s, -chain.allowed_s, chain.name))), aim.seconds,
        aim.stated)
