"""sbd: how long a member that has lost quorum, or hangs, may go on before its watchdog resets it."""

from __future__ import annotations

from math import ceil

from fournines.cluster.timers.definition import Calculated, Definition, Given
from fournines.cluster.timers.timer import Unit, shown

_DEFAULT_S = 5


def _watchdog_timeout(given: Given) -> tuple[float, str]:
    waited = given.of("corosync.device_sync_timeout")
    value = ceil(waited - 1e-9) + _DEFAULT_S
    return value, f"corosync.device_sync_timeout + {_DEFAULT_S} s = {shown(waited)} + {_DEFAULT_S} s = " \
                  f"{shown(value)}, in whole seconds"


DEFINITIONS: tuple[Definition, ...] = (
    Calculated("sbd.watchdog_timeout", _watchdog_timeout, unit=Unit.SECONDS,
               source="sbd(8), SBD_WATCHDOG_TIMEOUT (default 5 s)",
               because="A member whose sbd is not content for this long is reset by its own hardware. It "
                       "has no quorum while the arbitrator decides, and must not be reset for that."),
)
