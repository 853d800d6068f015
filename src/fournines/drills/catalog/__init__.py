"""Every drill there is: one file for each family of faults, in which a drill is a row of data."""

from __future__ import annotations

from collections.abc import Mapping

from fournines.drills.catalog import (
    arbitrator,
    attendants,
    cascades,
    links,
    machines,
    pacemaker,
    processes,
    resources,
    rolling,
)
from fournines.drills.drill import Drill

FAMILIES: Mapping[str, tuple[Drill, ...]] = {
    "processes": processes.DRILLS, "attendants": attendants.DRILLS, "links": links.DRILLS,
    "machines": machines.DRILLS, "resources": resources.DRILLS, "pacemaker": pacemaker.DRILLS,
    "arbitrator": arbitrator.DRILLS, "cascades": cascades.DRILLS, "rolling": rolling.DRILLS}
DRILLS: Mapping[str, Drill] = {drill.name: drill for family in FAMILIES.values() for drill in family}
