"""Every drill there is: one file each, and its entry here."""

from __future__ import annotations

from collections.abc import Mapping

from fournines.drills.catalog import power_off_vip_holder
from fournines.drills.drill import Drill

DRILLS: Mapping[str, Drill] = {drill.name: drill for drill in (power_off_vip_holder.DRILL,)}
