"""What OpenStack's libraries wait for (oslo.db, oslo.messaging, oslo.cache), then images and restarts."""

from __future__ import annotations

from fournines.cluster.timers.definition import Definition, Fixed, Share
from fournines.cluster.timers.timer import Unit

_DB = "oslo.db 12.1 configuration options"
_RABBIT = "oslo.messaging 14.0 configuration options"
_CACHE = "oslo.cache 3.2 configuration options"

DEFINITIONS: tuple[Definition, ...] = (
    Share("oslo.db.connect_timeout", 0.4, at_least=1, at_most=10, grain=1,
          source="PyMySQL connect(connect_timeout), default 10, whole seconds in SQLAlchemy's URL",
          because="A first SYN lost while the VIP moves is sent again after 1 s; whoever waits longer is "
                  "lost."),
    Share("oslo.db.read_timeout", 6, at_least=30, at_most=60, grain=1,
          source="PyMySQL connect(read_timeout, write_timeout), default none, whole seconds in "
                 "SQLAlchemy's URL",
          because="The last net under a statement: slow ones may take it, recovery does not rely on it."),
    Fixed("oslo.db.recycle", 300, source=f"{_DB}, connection_recycle_time (default 3600)",
          because="Pools must renew their connections well before the balancer's idle limit cuts them."),
    Fixed("oslo.db.max_retries", -1, unit=Unit.COUNT, least=-1, source=f"{_DB}, max_retries (-1: for ever)",
          because="A service that starts before its database must wait for it, not give up until a person "
                  "comes."),
    Share("oslo.db.retry_interval", 1 / 5, at_least=1, at_most=10, grain=1, source=f"{_DB}, retry_interval",
          because="How late a starting service notices that its database is there."),
    Share("oslo.messaging.heartbeat_timeout", 0.6, at_least=2, at_most=60, grain=1,
          source=f"{_RABBIT}, heartbeat_timeout_threshold; it is the connection's TCP_USER_TIMEOUT too",
          because="How long a publisher clings to a broker that has gone silent."),
    Fixed("oslo.messaging.heartbeat_rate", 3, unit=Unit.COUNT,
          source=f"{_RABBIT}, heartbeat_rate (default 3)",
          because="Three looks in each heartbeat timeout, so that one late thread is no failure."),
    Fixed("oslo.messaging.retry_interval", 1, source=f"{_RABBIT}, rabbit_retry_interval; guide line 1878",
          because="Counts only once every broker was tried in vain; a single failure never gets there."),
    Share("oslo.messaging.retry_backoff", 1 / 5, at_least=1, at_most=2, grain=1,
          source=f"{_RABBIT}, rabbit_retry_backoff; guide line 1880",
          because="How much later each further round of attempts comes."),
    Fixed("oslo.messaging.rpc_response_timeout", 60, source=f"{_RABBIT}, rpc_response_timeout (default 60)",
          because="Calls may take long; lost ones are found by the connection, not by this."),
    Share("oslo.messaging.kombu_reconnect_delay", 1 / 10, at_least=0.1, at_most=1.0,
          source=f"{_RABBIT}, kombu_reconnect_delay (default 1.0)",
          because="A pause before the next broker, so that a thousand clients do not arrive at once."),
    Share("amqp.confirm_timeout", 0.3, at_least=0.5, at_most=10.0,
          source="RabbitMQ consumer acknowledgements and publisher confirms guide: no limit of its own",
          because="A publisher that connected before the brokers gave the lost one up may never hear of its "
                  "message: it has to try another connection. Drills do; your own publishers should."),
    Share("oslo.cache.socket_timeout", 2 / 25, at_least=0.3, at_most=1.0,
          source=f"{_CACHE}, memcache_socket_timeout (default 1.0)",
          because="A request goes on without the cache after this; keystonemiddleware knows whole seconds "
                  "only."),
    Fixed("oslo.cache.dead_retry", 1, source=f"{_CACHE}, memcache_dead_retry (default 300)",
          because="There is one address, and the balancer behind it finds another memcached: leaving it out "
                  "for long would mean no cache."),
    Share("oslo.cache.pool_connection_get_timeout", 1 / 5, at_least=1, at_most=10, grain=1,
          source=f"{_CACHE}, memcache_pool_connection_get_timeout (default 10, whole seconds)",
          because="When others hold every cache connection, going on without the cache is faster."),
    Share("oslo.auth.http_timeout", 0.8, at_least=2, at_most=30, grain=1,
          source="keystonemiddleware 10.1 configuration options, http_connect_timeout (default none, whole "
                 "seconds)",
          because="Glance asks Keystone again when the answer died with a node; a first token costs a "
                  "password hash, which took over 2 s on a starved machine."),
    Share("images.ping_timeout", 0.4, at_least=1, at_most=42, grain=1,
          source="Gluster administrator guide, network.ping-timeout (default 42, whole seconds)",
          because="Reads and writes of images wait so long for a silent replica, up to twice as it began."),
    Share("systemd.restart_delay", 1 / 5, at_least=0.5, at_most=5.0, source="systemd.service(5) RestartSec",
          because="A crashed process comes back by itself, but not so fast that it takes the machine "
                  "along."),
)
