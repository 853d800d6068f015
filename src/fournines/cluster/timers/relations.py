"""Rules between timers: what the components refuse at start-up, and combinations that defeat each other.

The derivation always keeps them. An override that breaks one of the first kind is an error; one of the second
kind is what others ship, and a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fournines.cluster.timers.corosync import CONSENSUS_FACTOR
from fournines.cluster.timers.galera import JOIN_RETRANS_S
from fournines.cluster.timers.timer import Timers, shown
from fournines.findings import Finding, Severity

_NOISE = 1e-9


@dataclass(frozen=True, slots=True)
class _AtMost:
    """``smaller`` is at most ``share`` of ``larger`` (with ``times`` naming a count that multiplies it);
    ``strict``: below it. ``severity``: what it is to break it; ``members``: of how many it holds at least."""

    smaller: str
    larger: str
    consequence: str
    share: float = 1.0
    times: str = ""
    strict: bool = False
    severity: Severity = Severity.WARNING
    members: int = 1


def _galera(smaller: str, larger: str, share: float = 1.0) -> _AtMost:
    return _AtMost(smaller, larger, "Galera refuses to start otherwise", share, severity=Severity.ERROR)


_RULES = (
    _galera("galera.keepalive_period", "galera.suspect_timeout", share=1 / 3),
    _galera("galera.inactive_check_period", "galera.suspect_timeout", share=1 / 2),
    _galera("galera.suspect_timeout", "galera.inactive_timeout"),
    _AtMost("galera.silence", "galera.suspect_timeout",
            "clients would be kept at a silent writer after the group has gone on without it", strict=True),
    _galera("galera.keepalive_period", "galera.install_timeout"),
    _galera("galera.install_timeout", "galera.inactive_timeout"),
    *(rule for kind in ("api", "database", "cache", "messaging") for rule in (
        _AtMost(f"haproxy.{kind}.fastinter", f"haproxy.{kind}.inter",
                "a member that failed once would be asked less often, not more"),
        _AtMost(f"haproxy.{kind}.inter", f"haproxy.{kind}.downinter",
                "a member that is down would be asked more often than one that is up"),
        _AtMost(f"haproxy.{kind}.check", f"haproxy.{kind}.inter",
                "a hung member would be found much later than a crashed one",
                times=f"haproxy.{kind}.fall", strict=True))),
    _AtMost("vrrp.check_timeout", "vrrp.check_interval", "keepalived would skip checks while one still runs"),
    *(_AtMost("oslo.db.recycle", f"haproxy.tunnel.{side}",
              "the balancer would cut connections that pools still hold", strict=True)
      for side in ("server", "client")),
    _AtMost("oslo.messaging.heartbeat_timeout", "haproxy.tunnel.server",
            "the balancer would cut connections before their heartbeat", share=1 / 2),
    _AtMost("corosync.token", "corosync.consensus",
            "under load the membership would fall apart and form again",
            share=1 / CONSENSUS_FACTOR, members=3),
    _AtMost("corosync.device_timeout", "corosync.device_sync_timeout",
            "the members would go on without the arbitrator before it has given the silent one up",
            share=1 / 1.2),
    _AtMost("corosync.device_sync_timeout", "sbd.watchdog_timeout",
            "a member would be reset while the arbitrator decides", strict=True),
    _AtMost("sbd.watchdog_timeout", "pacemaker.stonith_watchdog_timeout",
            "what a lost member ran would be started elsewhere before it is reset", share=1 / 2,
            severity=Severity.ERROR),
    _AtMost("pacemaker.fence_timeout", "pacemaker.stonith_timeout",
            "Pacemaker would give fencing up before its device does"),
    _AtMost("drbd.timeout", "drbd.ping_interval", "DRBD asks for it to be below", strict=True),
    _AtMost("drbd.timeout", "drbd.connect_interval", "DRBD asks for it to be below", strict=True),
)
_LONGEST_ADVERT_S = 40.95   # VRRPv3 carries it as 12 bits of centiseconds
_OWNER_PRIORITY = 255


def broken_relations(timers: Timers, controllers: int) -> tuple[Finding, ...]:
    """A finding for each rule that does not hold."""
    return (*_broken_limits(timers, controllers), *_broken_vrrp(timers, controllers))


def _broken_limits(timers: Timers, controllers: int) -> Iterator[Finding]:
    for rule in (each for each in _RULES if controllers >= each.members):
        times = timers.count(rule.times) if rule.times else 1
        limit = timers.seconds(rule.larger) * rule.share * times
        value = timers.seconds(rule.smaller)
        if value > limit + _NOISE or (rule.strict and value > limit - _NOISE):
            share = f"{rule.share:.2g} x " if rule.share != 1 else ""
            product = f" x {rule.times}" if rule.times else ""
            relation = "below" if rule.strict else "at most"
            modal = "has to be" if rule.severity is Severity.ERROR else "should be"
            yield _finding(timers, (rule.smaller, rule.larger, rule.times),
                           f"{rule.smaller} is {shown(value)}, but {modal} {relation} "
                           f"{share}{rule.larger}{product} = {shown(round(limit, 6))}", rule.consequence,
                           rule.severity)
    if timers.seconds("galera.install_timeout") < JOIN_RETRANS_S:
        yield _finding(timers, ("galera.install_timeout",),
                       f"galera.install_timeout is {timers['galera.install_timeout'].shown}, but has to be "
                       f"at least evs.join_retrans_period = {shown(JOIN_RETRANS_S)}",
                       "Galera refuses to start otherwise")


def _broken_vrrp(timers: Timers, controllers: int) -> Iterator[Finding]:
    if timers.seconds("vrrp.advert_int") > _LONGEST_ADVERT_S:
        yield _finding(timers, ("vrrp.advert_int",),
                       f"vrrp.advert_int is {timers['vrrp.advert_int'].shown}, but has to be at most "
                       f"{shown(_LONGEST_ADVERT_S)}", "VRRPv3 cannot carry more")
    first, step = timers.count("vrrp.first_priority"), timers.count("vrrp.priority_step")
    last = first - step * (controllers - 1)
    if first >= _OWNER_PRIORITY or last < 1:
        yield _finding(timers, ("vrrp.first_priority", "vrrp.priority_step"),
                       f"the priorities run from {first} to {last}, but have to stay between 1 and 254",
                       "VRRP reserves 0 and 255")


def _finding(timers: Timers, names: tuple[str, ...], summary: str, consequence: str,
             severity: Severity = Severity.ERROR) -> Finding:
    culprits = [name for name in names if name and timers[name].overridden]
    culprit = culprits[0] if culprits else names[0]
    return Finding(severity, summary, f"change overrides.{culprit}, or leave it out to have it derived",
                   detail=consequence, where=f"overrides.{culprit}")
