"""sbd: how long a member that has lost quorum, or hangs, may go on before its watchdog resets it."""

from __future__ import annotations

from math import ceil

from fournines.cluster.timers.definition import Calculated, Definition, Given, Share
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
    Share("pacemaker.stonith_watchdog_timeout", 2, of="sbd.watchdog_timeout", at_least=10, at_most=600,
          grain=1,
          source="Pacemaker Explained 2.1, cluster options: stonith-watchdog-timeout (0: none); sbd(8)",
          because="A lost member is taken for reset after this, with nobody to confirm it: twice the time of "
                  "its watchdog. The last level of fencing, where no power switch answers."),
)
