"""Corosync: how long the members wait for a silent one before they form a cluster without it."""

from __future__ import annotations

from math import ceil

from fournines.cluster.timers.definition import Calculated, Definition, Fixed, Given, Share
from fournines.cluster.timers.timer import Unit, shown

CONSENSUS_FACTOR = 1.2
_MANUAL = "corosync.conf(5)"


def _consensus(given: Given) -> tuple[float, str]:
    token = given.of("corosync.token")
    value = ceil(CONSENSUS_FACTOR * token * 1000 - 1e-6) / 1000
    return value, f"{CONSENSUS_FACTOR} x corosync.token = {CONSENSUS_FACTOR} x {shown(token)} " \
                  f"= {shown(value)}"


DEFINITIONS: tuple[Definition, ...] = (
    Share("corosync.token", 1 / 10, at_least=1.0, at_most=3.0, source=f"{_MANUAL}, token (default 3 s, plus "
          "650 ms for each node beyond two, which is switched off: token_coefficient 0)",
          because="A silent member is lost after this; who is merely paused for longer is fenced, so it is "
                  "no less than a second. The guide's 10 s makes it 22 s until anything moves."),
    Calculated("corosync.consensus", _consensus, unit=Unit.SECONDS, grain=0.001, least=0.001,
               source=f"{_MANUAL}, consensus: at least 1.2 of token",
               because="The survivors agree on the new membership within this, and it is waited for in full "
                       "after the token: detection is the sum of both, not token times retransmits as the "
                       "guide counts."),
    Fixed("corosync.token_retransmits", 4, unit=Unit.COUNT,
          source=f"{_MANUAL}, token_retransmits_before_loss_const (default 4)",
          because="The token is sent again this often within its own time: more of them would not make the "
                  "time longer."),
)
