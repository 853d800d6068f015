"""Galera: how long the group waits for a silent member before it goes on. All writes wait with it."""

from __future__ import annotations

from fournines.cluster.timers.definition import Definition, Share

JOIN_RETRANS_S = 1.0    # evs.join_retrans_period, left at its default: one round of joins may be lost

_MANUAL = "Galera Cluster documentation, Galera parameters"

DEFINITIONS: tuple[Definition, ...] = (
    Share("galera.suspect_timeout", 0.3, at_least=0.8, at_most=5.0,
          source=f"{_MANUAL}, evs.suspect_timeout",
          because="Every commit on every node waits until a silent member is suspected; below 0.8 s a "
                  "member that is merely starved of CPU would be thrown out."),
    Share("galera.inactive_timeout", 2, of="galera.suspect_timeout", at_least=1.6, at_most=15.0,
          source=f"{_MANUAL}, evs.inactive_timeout",
          because="The hard limit, for when members disagree about whom they suspect: twice the suspicion."),
    Share("galera.keepalive_period", 0.2, of="galera.suspect_timeout", at_least=0.1, at_most=1.0,
          source=f"{_MANUAL}, evs.keepalive_period; start-up rule in gcomm: at most a third of "
                 "suspect_timeout",
          because="A member is suspected only after several of its signs of life are missing, not one."),
    Share("galera.inactive_check_period", 0.2, of="galera.suspect_timeout", at_least=0.1, at_most=0.5,
          source=f"{_MANUAL}, evs.inactive_check_period; start-up rule in gcomm: at most half of "
                 "suspect_timeout",
          because="Suspicion is noticed at the next look, so the time between looks adds to every "
                  "failover."),
    Share("galera.install_timeout", 1, of="galera.inactive_timeout", at_least=JOIN_RETRANS_S, at_most=7.5,
          source=f"{_MANUAL}, evs.install_timeout; start-up rule in gcomm: between join_retrans_period and "
                 "inactive_timeout",
          because="How long the survivors wait for each other's agreement to the new membership."),
    Share("galera.silence", 4 / 5, of="galera.suspect_timeout", at_least=0.5, at_most=5.0,
          source="ours: what the health endpoint of a member forgives its mariadbd (decision 40)",
          because="A writer that says nothing is left before the group goes on without it, and not sooner: "
                  "until then a commit on any other member waits as well. A healthy one on two saturated "
                  "processors was silent for up to 0.9 s."),
    Share("galera.peer_timeout", 0.2, at_least=0.5, at_most=3.0, source=f"{_MANUAL}, gmcast.peer_timeout",
          because="Messages go round a single cut link before the member behind it is suspected."),
)
