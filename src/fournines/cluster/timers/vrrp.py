"""Keepalived: how soon another node takes the VIP over, or a node without a load balancer gives it up."""

from __future__ import annotations

from fournines.cluster.timers.definition import Calculated, Definition, Fixed, Given, Share, Steps
from fournines.cluster.timers.timer import Unit

HIGHEST_PRIORITY = 250


def _priority_step(given: Given) -> tuple[float, str]:
    others = max(1, given.controllers - 1)
    step = min(10, (HIGHEST_PRIORITY - 1) // others)
    return step, f"min(10, ({HIGHEST_PRIORITY} - 1) / {others} other controllers) = {step}"


DEFINITIONS: tuple[Definition, ...] = (
    Share("vrrp.advert_int", 1 / 20, at_least=0.25, at_most=1.0,
          source="keepalived.conf(5) advert_int; RFC 5798 section 5.2.7 (centiseconds, at most 40.95 s)",
          because="Three missed adverts move the VIP, so at 0.25 s a client's first repeated SYN, after 1 "
                  "s, already finds the new holder, and the holder may still stall for half a second "
                  "unpunished."),
    Fixed("vrrp.first_priority", HIGHEST_PRIORITY, unit=Unit.COUNT,
          source="RFC 5798 section 5.2.4; keepalived.conf(5) priority",
          because="The wait for the takeover grows by (256 - priority)/256 of an advert: high priorities "
                  "make that next to nothing, and 255 is reserved for the owner of the address."),
    Calculated("vrrp.priority_step", _priority_step,
               source="RFC 5798 section 6.1 Skew_Time",
               because="Two nodes with one priority would both take over; ten apart keeps their turns "
                       "apart."),
    Share("vrrp.check_interval", 1 / 10, at_least=1, at_most=2, grain=1,
          source="keepalived.conf(5) vrrp_script interval (keepalived 2.2: whole seconds)",
          because="A VIP on a node whose load balancer is gone serves nobody; asking costs one short "
                  "process."),
    Share("vrrp.check_timeout", 1, of="vrrp.check_interval", at_least=1, at_most=2, grain=1,
          source="keepalived.conf(5) vrrp_script timeout (keepalived 2.2: whole seconds)",
          because="A load balancer that accepts and never answers fails the check within the same "
                  "interval."),
    Share("vrrp.watchdog", 1, at_least=5, at_most=30, grain=1,
          source="systemd.service(5) WatchdogSec",
          because="A Keepalived that hangs keeps the address which another node has taken: it is killed, "
                  "and the address removed, once no check was started for so long. Several checks, as a "
                  "busy node starts them late."),
    Steps("vrrp.check_fall", ((0, 1), (4, 2), (20, 3)),
          source="keepalived.conf(5) vrrp_script fall",
          because="Two failures in a row outlast a restart of the load balancer and a stalled machine; "
                  "a promise below 4 s leaves time for one only."),
)
