"""The kernel's TCP: how long a connection clings to a peer that has gone silent."""

from __future__ import annotations

from fournines.cluster.timers.definition import Calculated, Definition, Given, Share, Steps
from fournines.cluster.timers.timer import shown

RTO_MIN_S, RTO_MAX_S = 0.2, 120.0
_LINEAR_FROM = 9        # floor(log2(RTO_MAX / RTO_MIN)): from here on every retransmission waits RTO_MAX


def silent_peer_s(retries2: int) -> float:
    """Seconds after which ``tcp_retries2`` gives an established connection up (tcp_model_timeout in the
    kernel's tcp_timer.c: exponential from 0.2 s, linear once a wait reaches 120 s)."""
    doubling = min(retries2, _LINEAR_FROM)
    return round(((2 << doubling) - 1) * RTO_MIN_S + (retries2 - doubling) * RTO_MAX_S, 3)


def unanswered_syn_s(retries: int) -> float:
    """Seconds after which ``tcp_syn_retries`` gives a connection attempt up: 1 s, doubling (tcp(7))."""
    return float((2 << retries) - 1)


def _retries2(given: Given) -> tuple[float, str]:
    count = max((n for n in range(3, 16) if silent_peer_s(n) <= given.target_s), default=3)
    return count, f"most n with ((2 << n) - 1) x 0.2 s <= {shown(given.target_s)}, at least 3: " \
                  f"n = {count} gives up after {shown(silent_peer_s(count))}"


def _syn_retries(given: Given) -> tuple[float, str]:
    count = max((n for n in range(1, 7) if unanswered_syn_s(n) <= given.target_s), default=1)
    return count, f"most n with (2 << n) - 1 s <= {shown(given.target_s)}, at least 1: " \
                  f"n = {count} gives up after {shown(unanswered_syn_s(count))}"


DEFINITIONS: tuple[Definition, ...] = (
    Calculated("tcp.retries2", _retries2,
               source="tcp(7) tcp_retries2; Documentation/networking/ip-sysctl.rst; RFC 1122 section "
                      "4.2.3.5",
               because="The kernel's 15 clings to a vanished peer for a quarter of an hour; below 3 a "
                       "short loss of packets would cut every connection of the node."),
    Calculated("tcp.syn_retries", _syn_retries, source="tcp(7) tcp_syn_retries",
               because="An attempt to reach a vanished node ends within the promise; the first retry "
                       "survives a lost packet."),
    Share("tcp.user_timeout", 0.6, at_least=1.8, at_most=100.0,
          source="tcp(7) TCP_USER_TIMEOUT; HAProxy 2.6 configuration manual, 5.1 tcp-ut; RFC 5482",
          because="Data that nobody acknowledges for so long means that the peer is gone, whatever else "
                  "is idle."),
    Share("tcp.keepalive_time", 1 / 5, at_least=1, at_most=7200, grain=1,
          source="tcp(7) tcp_keepalive_time",
          because="Who waits for an answer that died with a node sends nothing himself: only this probe "
                  "finds out, and the kernel answers it, so a starved process raises no false alarm."),
    Share("tcp.keepalive_interval", 1 / 5, at_least=1, at_most=75, grain=1,
          source="tcp(7) tcp_keepalive_intvl",
          because="The next probe, in case the first was sent before the VIP had moved."),
    Steps("tcp.keepalive_probes", ((0, 2), (4, 3)), source="tcp(7) tcp_keepalive_probes",
          because="A single lost probe is no proof."),
)
