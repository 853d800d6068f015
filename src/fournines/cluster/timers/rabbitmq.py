"""RabbitMQ: how soon a silent broker is given up by its peers and by its clients."""

from __future__ import annotations

from fournines.cluster.timers.definition import Definition, Share

DEFINITIONS: tuple[Definition, ...] = (
    Share("rabbitmq.net_ticktime", 0.6, at_least=2, at_most=60, grain=1,
          source="Erlang kernel(6) net_ticktime: a silent node is down after 0.75 to 1.25 of it, whole "
                 "seconds; RabbitMQ nettick guide",
          because="A broker that hangs on a living machine is found by this alone; under 2 s Erlang's four "
                  "ticks come too close for a busy scheduler."),
    Share("rabbitmq.peer_user_timeout", 0.3, at_least=0.8, at_most=30.0,
          source="tcp(7) TCP_USER_TIMEOUT; Erlang kernel(6) inet_dist_connect_options, "
                 "inet_dist_listen_options",
          because="A machine that acknowledges nothing is off or cut; the kernel finds that sooner than "
                  "ticks could, and acknowledges for a broker that is merely starved."),
    Share("rabbitmq.heartbeat", 0.6, at_least=2, at_most=60, grain=1,
          source="RabbitMQ heartbeats guide: whole seconds, false positives are likely below 5 s and very "
                 "likely at 1 s",
          because="A client of a silent broker, or a broker of a silent client, learns it this way only."),
    Share("rabbitmq.aten_poll_interval", 1 / 5, at_least=0.5, at_most=5.0,
          source="aten README poll_interval (default 5 s): the failure detector of RabbitMQ's quorum "
                 "queues",
          because="A quorum queue whose leader is silent elects another after one to two polls."),
)
