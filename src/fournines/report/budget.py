"""Budget: what a failure costs of the time that a promise of 99.99 % leaves in a year. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

YEAR_S = 365.25 * 24 * 3600
AVAILABILITY = 0.9999
ALLOWED_S = YEAR_S * (1 - AVAILABILITY)   # 52.6 minutes


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one failure as one path felt it: all of its gaps together, at least and at most (infinite where no
    end was seen)."""

    lower_s: float
    upper_s: float

    @property
    def share(self) -> float:
        """The most that it can have taken of a year's allowance; 1 is all of it."""
        return self.upper_s / ALLOWED_S

    @property
    def times_a_year(self) -> int | None:
        """How often it may happen before the allowance is gone, if nothing else ever fails. None where the
        cost has no known end, or was too small to be seen."""
        if not self.upper_s or math.isinf(self.upper_s):
            return None
        return int(ALLOWED_S // self.upper_s)
