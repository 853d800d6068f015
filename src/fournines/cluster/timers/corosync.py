"""Corosync: how long the members wait for a silent one before they form a cluster without it."""

from __future__ import annotations

from math import ceil

from fournines.cluster.timers.definition import Calculated, Definition, Fixed, Given, Share, limited, to_grain
from fournines.cluster.timers.timer import Unit, shown

CONSENSUS_FACTOR = 1.2
JOIN_S = 0.05          # how long for join messages; its default, which stays
_MANUAL = "corosync.conf(5)"
_DEVICE = "corosync-qdevice(8)"
_OF_TWO, _SHORTEST_OF_TWO_S, _LONGEST_OF_TWO_S = 0.2, 0.2, 2.0     # as cman had it for pairs
_OF_DETECTION = 0.8
_SHORTEST_S, _LONGEST_S = 1.25, 10.0   # a heartbeat is 0.8 of it, and no less than 1 s; the default
_NO_ARBITRATOR = (0.0, "none: no arbitrator")


def _consensus(given: Given) -> tuple[float, str]:
    """Of two members each sees at once whether the other agrees; more of them have to be of one mind."""
    token, pair = given.of("corosync.token"), given.controllers == 2
    factor = _OF_TWO if pair else CONSENSUS_FACTOR
    exact = ceil(factor * token * 1000 - 1e-6) / 1000
    value = min(max(exact, _SHORTEST_OF_TWO_S), _LONGEST_OF_TWO_S) if pair else exact
    formula = f"{factor} x corosync.token = {factor} x {shown(token)} = {shown(exact)}"
    return value, formula + limited(value, exact) + (", as there are two members" if pair else "")


def _device_timeout(given: Given) -> tuple[float, str]:
    if not given.arbitrated:
        return _NO_ARBITRATOR
    detection = given.of("corosync.token") + given.of("corosync.consensus")
    exact = to_grain(_OF_DETECTION * detection, 0.01)
    value = min(max(exact, _SHORTEST_S), _LONGEST_S)
    return value, f"{_OF_DETECTION} x (corosync.token + corosync.consensus) = {_OF_DETECTION} x " \
                  f"{shown(round(detection, 6))} = {shown(exact)}{limited(value, exact)}"


def _device_sync_timeout(given: Given) -> tuple[float, str]:
    if not given.arbitrated:
        return _NO_ARBITRATOR
    timeout = given.of("corosync.device_timeout")
    value = round(2 * timeout, 6)
    return value, f"2 x corosync.device_timeout = 2 x {shown(timeout)} = {shown(value)}"


DEFINITIONS: tuple[Definition, ...] = (
    Share("corosync.token", 1 / 10, at_least=1.0, at_most=3.0, source=f"{_MANUAL}, token (default 3 s, plus "
          "650 ms for each node beyond two, which is switched off: token_coefficient 0)",
          because="A silent member is lost after this; who is merely paused for longer is fenced, so it is "
                  "no less than a second. The guide's 10 s makes it 22 s until anything moves."),
    Calculated("corosync.consensus", _consensus, unit=Unit.SECONDS, grain=0.001, least=JOIN_S,
               source=f"{_MANUAL}, consensus: at least 1.2 of token, of two members more than join",
               because="The survivors agree on the new membership within this, and it is waited for in full "
                       "after the token: detection is the sum of both, not token times retransmits as the "
                       "guide counts. Two members need no time for it: who answers has agreed."),
    Fixed("corosync.token_retransmits", 4, unit=Unit.COUNT,
          source=f"{_MANUAL}, token_retransmits_before_loss_const (default 4)",
          because="The token is sent again this often within its own time: more of them would not make the "
                  "time longer."),
    Calculated("corosync.device_timeout", _device_timeout, unit=Unit.SECONDS, grain=0.01, least=0,
               source=f"{_DEVICE}, timeout (default 10 s); corosync-qnetd(8), dpd_interval_coefficient",
               because="The arbitrator gives a silent member up after 1.2 of this (1.5 heartbeats of 0.8), "
                       "and votes only then: a little less than the token and the consensus, so that nobody "
                       "waits for it. With the default a failover would wait for 12 s."),
    Calculated("corosync.device_sync_timeout", _device_sync_timeout, unit=Unit.SECONDS, grain=0.01, least=0,
               source=f"{_DEVICE}, sync_timeout (default 30 s)",
               because="A new membership waits so long for the arbitrator's vote before it goes on without. "
                       "It is needed in full only where the arbitrator and a member are lost at once, and "
                       "quorum with them."),
)
