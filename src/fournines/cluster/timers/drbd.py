"""DRBD: how soon one side knows that the other is silent, and how soon it is there again."""

from __future__ import annotations

from fournines.cluster.timers.definition import Definition, Fixed, Share
from fournines.cluster.timers.timer import Unit

_MANUAL = "drbd.conf-8.4(5)"


DEFINITIONS: tuple[Definition, ...] = (
    Share("drbd.ping_interval", 0.7, of="corosync.token", at_least=1, at_most=10, grain=1,
          source=f"{_MANUAL}, ping-int (default 10 s), whole seconds",
          because="On an idle connection a silent side is asked after this. With its time to answer it is no "
                  "longer than Corosync takes: a standing connection to a primary refuses the promotion, and "
                  "a second try costs seconds."),
    Share("drbd.ping_timeout", 0.5, of="corosync.token", at_least=1.0, at_most=3.0, grain=0.1,
          source=f"{_MANUAL}, ping-timeout (default 0.5 s), in tenths",
          because="A side that answers no ping within this is silent. Each false alarm stops all writes "
                  "until the cluster was asked, so a starved machine gets a second."),
    Share("drbd.timeout", 0.8, of="drbd.ping_interval", at_least=0.8, at_most=6.0, grain=0.1,
          source=f"{_MANUAL}, timeout (default 6 s), in tenths: below ping-int and connect-int",
          because="A write that is not confirmed within this gives the connection up; all writes wait "
                  "for it."),
    Share("drbd.connect_interval", 1, of="drbd.ping_interval", at_least=1, at_most=10, grain=1,
          source=f"{_MANUAL}, connect-int (default 10 s), whole seconds",
          because="A side that comes back is reached at the next attempt, and begins to catch up then."),
    Fixed("drbd.ko_count", 4, unit=Unit.COUNT, source=f"{_MANUAL}, ko-count (default 7)",
          because="A side that answers pings but confirms no write is left alone after so many timeouts: a "
                  "disk that hangs there must not stop the service here."),
)
