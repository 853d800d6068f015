"""What a number of good runs shows: the exact binomial bound (Clopper and Pearson, 1934). Pure.

Twenty good runs of twenty do not show that a failure always goes well. They show, with 95 % confidence, that
it does so in at least 86 % of all cases: were it in fewer, twenty in a row would be a luck that one has less
than once in twenty times.
"""

from __future__ import annotations

import math

CONFIDENCE = 0.95
_STEPS = 60   # halvings: far below what a double can tell apart


def at_least(good: int, of: int, confidence: float = CONFIDENCE) -> float:
    """The share of cases that go well at least, one-sided, after ``good`` of ``of`` runs did; 0 where none
    did. Raises ValueError where the counts cannot be."""
    if not 0 <= good <= of:
        raise ValueError(f"{good} good runs of {of}")
    if not good:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _chance_of(good, of, middle) < 1 - confidence:
            low = middle
        else:
            high = middle
    return low


def runs_to_show(share: float, confidence: float = CONFIDENCE) -> int:
    """How many runs in a row have to go well to show this share. For small failure rates it is the rule of
    three: 3 divided by the rate."""
    return math.ceil(math.log(1 - confidence) / math.log(share))


def _chance_of(good: int, of: int, share: float) -> float:
    """That at least ``good`` of ``of`` runs go well where each does with probability ``share``."""
    if share <= 0.0 or share >= 1.0:
        return float(share >= 1.0)
    return math.fsum(math.exp(math.lgamma(of + 1) - math.lgamma(count + 1) - math.lgamma(of - count + 1)
                              + count * math.log(share) + (of - count) * math.log1p(-share))
                     for count in range(good, of + 1))
