"""The waits that chains are made of: each component's detection formula, with bounds, from its timers."""

from __future__ import annotations

from math import ceil

from fournines.cluster.timers.chain import Term
from fournines.cluster.timers.formulas import (
    FIRST_DATA_S,
    FIRST_SYN_S,
    Bounds,
    arbitrated_s,
    checked_s,
    keepalive_s,
    keepalives_s,
    left_out_s,
    net_tick_s,
    polled_s,
    repeated_s,
    script_s,
    suspected_s,
    vrrp_skew_s,
    vrrp_takeover_s,
)
from fournines.cluster.timers.galera import JOIN_RETRANS_S
from fournines.cluster.timers.kernel import silent_peer_s
from fournines.cluster.timers.pacemaker import SERVICE_S, TAKEOVER_S
from fournines.cluster.timers.timer import Timers

POLL_SHARE = 0.2    # of the shortest wait that hangs on it: how often the health endpoint asks its mariadbd
VOTE_S = 0.5        # from an arbitrator's decision to quorum, over TLS
ELECTION_S = 0.5    # a quorum queue's election once its leader is given up; 0.34 to 0.37 s were measured


def takeover(timers: Timers) -> Term:
    """VRRP: the holder falls silent, and the next one takes over."""
    return Term("the VIP's holder falls silent and another takes it over",
                ("vrrp.advert_int", "vrrp.priority_step"),
                *vrrp_takeover_s(timers.seconds("vrrp.advert_int"), _skew(timers)))


def _skew(timers: Timers) -> float:
    """Of the second priority: whoever fails, one of the two highest is left."""
    priority = timers.count("vrrp.first_priority") - timers.count("vrrp.priority_step")
    return vrrp_skew_s(timers.seconds("vrrp.advert_int"), priority)


def handover(timers: Timers) -> Term:
    """The holder gives the VIP up (priority 0): only the skew is waited for."""
    return Term("the next node takes the VIP that was given up", ("vrrp.advert_int", "vrrp.priority_step"),
                0.0, _skew(timers))


def balancer_check(timers: Timers, *, hung: bool) -> Term:
    """Keepalived's script on a load balancer that is gone, or that accepts and never answers."""
    lasts = timers.seconds("vrrp.check_timeout") if hung else 0.0
    return Term("keepalived finds its load balancer failed",
                ("vrrp.check_interval", "vrrp.check_fall", "vrrp.check_timeout"),
                *script_s(timers.seconds("vrrp.check_interval"), timers.count("vrrp.check_fall"), lasts))


def syn_again(timers: Timers) -> Term:
    """A client whose SYN went into the gap repeats it 1, 3, 7... s later (tcp(7) tcp_syn_retries)."""
    return Term("the client's SYN is repeated", (), 0.0, repeated_s(takeover(timers).upper_s, FIRST_SYN_S))


def data_again(timers: Timers) -> Term:
    """Unacknowledged data is repeated 0.2, 0.6, 1.4, 3.0... s after the first; the new holder answers RST."""
    return Term("the client's data is repeated and refused", (), 0.0,
                repeated_s(takeover(timers).upper_s, FIRST_DATA_S))


def probed(timers: Timers) -> Term:
    """A client that waits for an answer which died: the first keepalive probe after the VIP has moved."""
    return Term("a keepalive probe finds the connection dead",
                ("tcp.keepalive_time", "tcp.keepalive_interval"), 0.0,
                keepalive_s(takeover(timers).upper_s, timers.seconds("tcp.keepalive_time"),
                            timers.seconds("tcp.keepalive_interval")))


def given_up(timers: Timers) -> tuple[Term, Term]:
    """Galera: the silent member is suspected at a look, and the survivors agree on the new membership."""
    return (
        Term("Galera suspects the silent member", ("galera.suspect_timeout", "galera.inactive_check_period"),
             *suspected_s(timers.seconds("galera.suspect_timeout"), timers.seconds("galera.keepalive_period"),
                          timers.seconds("galera.inactive_check_period"))),
        Term("the surviving members agree", ("galera.install_timeout",), 0.0, JOIN_RETRANS_S),
    )


def give_up_s(timers: Timers) -> float:
    """Until every member has given a silent one up, at the latest."""
    return sum(term.upper_s for term in given_up(timers))


def marked_down(timers: Timers, kind: str, how: str) -> Term:
    """HAProxy's checks of a member that is ``refused``, ``silent`` or ``hung``: a connect may last min(inter,
    connect)."""
    inter, fast = timers.seconds(f"haproxy.{kind}.inter"), timers.seconds(f"haproxy.{kind}.fastinter")
    check = timers.seconds(f"haproxy.{kind}.check")
    lasts = {"refused": 0.0, "silent": min(inter, timers.seconds("haproxy.connect")), "hung": check}[how]
    named = ("inter", "fastinter", "fall", *(("check",) if how == "hung" else ()))
    return Term(f"HAProxy marks the {how} {kind} member down",
                tuple(f"haproxy.{kind}.{item}" for item in named),
                *checked_s(inter, fast, timers.count(f"haproxy.{kind}.fall"), lasts))


def database_hung(timers: Timers) -> Term:
    """A mariadbd that says nothing: once its health endpoint says so, it does at once, as a refusal comes."""
    told = marked_down(timers, "database", "refused")
    least_s, most_s = noticed_s(timers)
    return Term("HAProxy marks the hung database member down", ("galera.silence", *told.timers),
                round(least_s + told.lower_s, 6), round(most_s + told.upper_s, 6))


def noticed_s(timers: Timers) -> Bounds:
    """How long without an answer makes a health endpoint call its mariadbd silent: the last one may be as old
    as the time between two questions."""
    silence_s = timers.seconds("galera.silence")
    return round(silence_s - health_poll_s(timers), 6), silence_s


def health_poll_s(timers: Timers) -> float:
    """From one question of a health endpoint to the next. One that asked more seldom than its mariadbd may be
    silent would call a healthy one silent: a check of HAProxy's may be set to last that long."""
    return POLL_SHARE * min(timers.seconds(name) for name in ("haproxy.database.check", "galera.silence",
                                                              "galera.suspect_timeout"))


def connect_in_vain(timers: Timers) -> Term:
    """A request still sent to a silent member, before it goes to another."""
    return Term("a connect to the silent member times out", ("haproxy.connect",), 0.0,
                timers.seconds("haproxy.connect"))


def cache_in_vain(timers: Timers) -> Term:
    """The last question to a silent memcached before the balancer leaves it. keystonemiddleware counts whole
    seconds."""
    return Term("a question to the silent memcached is given up", ("oslo.cache.socket_timeout",), 0.0,
                float(ceil(timers.seconds("oslo.cache.socket_timeout"))))


def token_asked_again(timers: Timers) -> Term:
    """A service whose question about a token went to a member that died before it answered."""
    return Term("a service asks about a token in vain", ("oslo.auth.http_timeout",), 0.0,
                timers.seconds("oslo.auth.http_timeout"))


def elected(timers: Timers) -> tuple[Term, Term]:
    """A quorum queue whose leader is silent: aten suspects it after one to two polls, then Raft elects."""
    return (Term("the quorum queue's leader is suspected", ("rabbitmq.aten_poll_interval",),
                 *polled_s(timers.seconds("rabbitmq.aten_poll_interval"))),
            Term("another leader is elected", ("rabbitmq.aten_poll_interval",), 0.0, ELECTION_S))


def broker_lost(timers: Timers) -> Term:
    """The kernels of the others: data that stays unacknowledged is sent at least every aten poll."""
    limit = timers.seconds("rabbitmq.peer_user_timeout")
    return Term("the other brokers give the lost one up",
                ("rabbitmq.peer_user_timeout", "rabbitmq.aten_poll_interval"),
                0.0, limit + timers.seconds("rabbitmq.aten_poll_interval"))


def broker_hung(timers: Timers) -> Term:
    """Erlang's net tick: 0.75 to 1.25 of it."""
    return Term("the other brokers give the hung one up", ("rabbitmq.net_ticktime",),
                *net_tick_s(timers.seconds("rabbitmq.net_ticktime")))


def unconfirmed(timers: Timers) -> tuple[Term, Term]:
    """A publisher that connected anew before the brokers gave the lost one up: RabbitMQ 3.10 reads who leads
    a queue from Mnesia, where the new leader can note itself only then."""
    return (Term("a publisher gives a message up that is not confirmed", ("amqp.confirm_timeout",), 0.0,
                 timers.seconds("amqp.confirm_timeout")), next_broker(timers))


def publisher_leaves(timers: Timers) -> tuple[Term, Term]:
    """A publisher's connection to a silent broker: unacknowledged data, then the pause before the next."""
    return (Term("the publisher gives its silent broker up", ("oslo.messaging.heartbeat_timeout",), 0.0,
                 timers.seconds("oslo.messaging.heartbeat_timeout")), next_broker(timers))


def next_broker(timers: Timers) -> Term:
    """The pause before another broker is tried."""
    delay = timers.seconds("oslo.messaging.kombu_reconnect_delay")
    return Term("the publisher turns to another broker", ("oslo.messaging.kombu_reconnect_delay",),
                0.0, delay)


def replica_dropped(timers: Timers) -> Term:
    """Gluster: the ping in flight, or the next one, stays unanswered."""
    ping = timers.seconds("images.ping_timeout")
    return Term("the silent replica is dropped", ("images.ping_timeout",), 0.0, 2 * ping)


def left_out(timers: Timers) -> Term:
    """Corosync: the token is lost, then the survivors wait for the silent member's agreement in vain."""
    return Term("Corosync goes on without the silent member", ("corosync.token", "corosync.consensus"),
                *left_out_s(timers.seconds("corosync.token"), timers.seconds("corosync.consensus")))


def arbitrated(timers: Timers) -> tuple[Term, ...]:
    """The arbitrator has to have lost the silent member too; then it votes. Nothing where there is none."""
    timeout = timers.seconds("corosync.device_timeout")
    if not timeout:
        return ()
    waited = arbitrated_s(timeout, left_out(timers).upper_s)[1]
    return (Term("the arbitrator votes for the others", ("corosync.device_timeout",), 0.0, waited + VOTE_S),)


def fenced(timers: Timers) -> Term:
    """Pacemaker: a device of the first level, as fast as the promise expects."""
    within, delay = timers.seconds("pacemaker.fence_within"), timers.seconds("pacemaker.fence_delay")
    return Term("the silent member is fenced", ("pacemaker.fence_within", "pacemaker.fence_delay"), 0.0,
                within + delay)


def resource_found_dead(timers: Timers) -> Term:
    """Pacemaker: the next monitor of a resource that is gone."""
    return Term("a monitor finds the resource dead", ("pacemaker.monitor_interval",), 0.0,
                timers.seconds("pacemaker.monitor_interval"))


def isolation_found(timers: Timers) -> Term:
    """Pacemaker: the next look of a member whom it reaches, of four questions, and the wait for the looks of
    the others."""
    timeout_s = timers.seconds("pacemaker.reach_timeout")
    return Term("a member finds that it reaches nobody",
                ("pacemaker.monitor_interval", "pacemaker.reach_timeout", "pacemaker.reach_dampen"), 0.0,
                timers.seconds("pacemaker.monitor_interval") + timeout_s * 4 / 3
                + timers.seconds("pacemaker.reach_dampen"))


def address_started(timers: Timers) -> Term:
    """Pacemaker: an address alone; what stands on it takes its own time."""
    return Term("the address is started", ("pacemaker.operation_timeout",), 0.0, TAKEOVER_S)


def service_started(timers: Timers) -> Term:
    """Pacemaker: its volume promoted and mounted, and a database or broker brought up on it."""
    return Term("what stands on the address is started", ("pacemaker.operation_timeout",), 0.0, SERVICE_S)


def given_up_by_kernel(timers: Timers) -> Term:
    """Any other connection to a silent peer with data under way."""
    return Term("the kernel gives the connection up", ("tcp.retries2",), 0.0,
                silent_peer_s(timers.count("tcp.retries2")))


def found_idle(timers: Timers) -> Term:
    """Any other connection to a silent peer on which somebody only waits."""
    return Term("the kernel's keepalive gives the connection up",
                ("tcp.keepalive_time", "tcp.keepalive_interval", "tcp.keepalive_probes"), 0.0,
                keepalives_s(timers.seconds("tcp.keepalive_time"), timers.seconds("tcp.keepalive_interval"),
                             timers.count("tcp.keepalive_probes")))
