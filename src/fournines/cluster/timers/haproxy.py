"""HAProxy: how soon a member that is gone, silent or hung gets no more requests, and what those wait for."""

from __future__ import annotations

from fournines.cluster.timers.definition import Definition, Fixed, Share, Steps
from fournines.cluster.timers.timer import RECOVER_WITHIN, Unit

_CHECKS = "HAProxy 2.6 configuration manual, 5.2 inter, fastinter, downinter, fall, rise"
_GUIDE = "guide lines 1918-1930"


def _checked(kind: str, inter: tuple[float, float], check: tuple[float, float],
             because_inter: str, because_check: str) -> tuple[Definition, ...]:
    """The checks of one kind of listener; ``inter``, ``check``: (share of the promise, floor in s)."""
    name = f"haproxy.{kind}."
    return (
        Share(f"{name}inter", inter[0], at_least=inter[1], at_most=2.0,
              source=f"{_CHECKS}; {_GUIDE}", because=because_inter),
        Share(f"{name}fastinter", 1 / 2, of=f"{name}inter", at_least=0.2, at_most=1.0, source=_CHECKS,
              because="After a first failed check the second opinion is wanted sooner, but not within the "
                      "same stall."),
        Share(f"{name}downinter", 2, of=f"{name}inter", at_least=0.2, at_most=4.0, source=_CHECKS,
              because="A member that is down may be starting: asking it too often slows exactly that."),
        Share(f"{name}check", check[0], at_least=check[1], at_most=5.0,
              source=f"HAProxy 2.6 configuration manual, 4.2 timeout check; {_GUIDE}", because=because_check),
        Steps(f"{name}fall", ((0, 2), (20, 3), (60, 5)), source=f"{_CHECKS}; {_GUIDE}",
              because="One failed check may be a stalled machine; the guide's five would take a minute to "
                      "see a hung API."),
        Fixed(f"{name}rise", 2, unit=Unit.COUNT, source=f"{_CHECKS}; {_GUIDE}",
              because="A member that answers twice has finished starting."),
    )


DEFINITIONS: tuple[Definition, ...] = (
    *_checked("api", (1 / 5, 0.6), (1 / 5, 0.6),
              "Checks go through the API's own workers: more often than this they pile up while it loads.",
              "A hung API accepts and never answers; fall x check is what that costs, and what a starved but "
              "healthy one may take to answer."),
    *_checked("database", (3 / 50, 0.3), (1 / 10, 0.3),
              "The health endpoint holds its SQL connection open, so asking it is cheap.",
              "The health endpoint answers in milliseconds; a busy machine gets a hundred times that."),
    *_checked("cache", (1 / 10, 0.3), (3 / 20, 0.45),
              "A memcached answers from its memory, so asking it is cheap.",
              "A memcached answers in a millisecond; on two saturated processors 300 were too few."),
    *_checked("messaging", (1 / 10, 0.3), (3 / 20, 0.45),
              "A broker's listener answers without touching a queue.",
              "A broker that accepts and never speaks is gone for its clients."),
    Share("haproxy.apart.inter", 1 / 5, at_least=0.3, at_most=60.0, source=_CHECKS,
          because="Whether this node alone misses a senior is asked of the others, and asked again until "
                  "the promise is over."),
    Fixed("haproxy.apart.fall", 5, unit=Unit.COUNT, source=_CHECKS,
          because="A controller that is lost is lost to everybody within the promise; what lasts for all of "
                  "it is a cut between two."),
    Share("haproxy.connect", 3 / 100, at_least=0.15, at_most=10.0,
          source=f"HAProxy 2.6 configuration manual, 4.2 timeout connect; {_GUIDE}",
          because="Every request that still meets a silent member waits this long before another one is "
                  "tried; a machine that only stalled is tried again, up to haproxy.retries times."),
    Share("haproxy.queue", 1, at_least=1.0, at_most=60.0,
          source=f"HAProxy 2.6 configuration manual, 4.2 timeout queue; {_GUIDE}",
          because="A request that would wait longer for a free member is answered 503, so the client "
                  "knows."),
    Share("haproxy.http_request", 2, at_least=5.0, at_most=10.0,
          source=f"HAProxy 2.6 configuration manual, 4.2 timeout http-request; {_GUIDE}",
          because="Clients send their headers at once; who does not is holding a place."),
    Fixed("haproxy.api.client", 60, source=f"HAProxy 2.6 configuration manual, 4.2 timeout client; {_GUIDE}",
          because="A slow upload may pause; no failure is detected by it, so it need not be short."),
    Fixed("haproxy.api.server", 60, source=f"HAProxy 2.6 configuration manual, 4.2 timeout server; {_GUIDE}",
          because="One slow answer is no failure; hung members are found by checks, and their sessions "
                  "are cut."),
    Fixed("haproxy.tunnel.client", 3600, source="HAProxy 2.6 configuration manual, 4.2 timeout client",
          because="Pooled SQL and AMQP connections idle; dead peers are found by keepalive, not by this."),
    Fixed("haproxy.tunnel.server", 3600, source="HAProxy 2.6 configuration manual, 4.2 timeout server, "
                                                "timeout tunnel",
          because="It has to outlast what clients keep in their pools, or the balancer itself cuts them."),
    Fixed("haproxy.retries", 3, unit=Unit.COUNT,
          source="HAProxy 2.6 configuration manual, 4.2 retries, option redispatch; guide line 1917",
          because="Each retry goes to another member, so three reach every one of a usual cluster."),
    Share("haproxy.client_fin", 1, of=RECOVER_WITHIN, at_least=1.0, at_most=30.0,
          source="HAProxy 2.6 configuration manual, 4.2 timeout client-fin",
          because="Half-closed connections of clients that vanished with a node are forgotten soon."),
)
