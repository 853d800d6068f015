"""Every single failure on every client path, as chains: what the promise means, wait by wait."""

from __future__ import annotations

from dataclasses import replace

from fournines.cluster.timers import waits
from fournines.cluster.timers.chain import Branch, Chain
from fournines.cluster.timers.timer import Timers

VIP, SQL_STANDING, SQL_NEW = "VIP client", "SQL standing connection", "SQL new connection"
HELD = "address of Pacemaker"
ACTIVE_ACTIVE, ACTIVE_PASSIVE = "active-active", "active-passive"
ONE_KEYSTONE = "request to the one Keystone"
API, AMQP, IMAGE, OTHER = "API request", "AMQP publisher", "image data", "any other connection"


def chains(timers: Timers) -> tuple[Chain, ...]:
    """All of them, whichever layers the cluster has, in whichever pattern."""
    of_many = (*_node_gone("node power loss", timers), *_node_gone("silent drop", timers),
               *_link_cut(timers), *_process_crash(timers), *_hang(timers))
    return (*(replace(chain, pattern=ACTIVE_ACTIVE) if chain.layer in ("database", "messaging") else chain
              for chain in of_many), *_one_at_a_time(timers))


def _one_at_a_time(timers: Timers) -> tuple[Chain, ...]:
    """Pattern active-passive: whatever is lost, Pacemaker starts it once it is certain that it runs nowhere.
    What hangs and does not die when told has no chain: it is waited for as long as a stop may take."""
    lost = Branch((waits.left_out(timers), waits.fenced(timers), waits.address_started(timers),
                   waits.service_started(timers)), certain=True)
    crashed = Branch((waits.resource_found_dead(timers), waits.service_started(timers)))
    paths = ((SQL_STANDING, "database"), (SQL_NEW, "database"), (AMQP, "messaging"))
    crash = {"database": "database crash", "messaging": "broker crash"}
    # Keystone only, which starts first: how long the others take side by side is the programs' to say.
    # Where database and broker are clusters of their own, the lost node need not be that of the APIs.
    elsewhere = replace(lost, certain=False)
    gone = ("node power loss", "silent drop")
    return (*(Chain(fault, path, layer, (lost,), ACTIVE_PASSIVE) for fault in gone for path, layer in paths),
            *(Chain(fault, ONE_KEYSTONE, "api", (elsewhere,), ACTIVE_PASSIVE) for fault in gone),
            *(Chain(crash[layer], path, layer, (crashed,), ACTIVE_PASSIVE) for path, layer in paths))


def _node_gone(fault: str, timers: Timers) -> tuple[Chain, ...]:
    """The node that holds the VIP, and perhaps every other role, stops answering: for its clients and peers
    a power loss and dropped packets are the same silence."""
    vip_moves = (waits.takeover(timers), waits.syn_again(timers))
    commits = Branch(waits.given_up(timers), certain=True)
    writer = (waits.marked_down(timers, "database", "silent"), waits.connect_in_vain(timers))
    cache = (waits.marked_down(timers, "cache", "silent"), waits.cache_in_vain(timers))
    return (
        Chain(fault, VIP, "loadbalancer", (Branch(vip_moves, certain=True),)),
        Chain(fault, SQL_STANDING, "database", (
            commits, Branch(writer), Branch((waits.takeover(timers), waits.data_again(timers))),
            Branch((waits.probed(timers),)))),
        Chain(fault, SQL_NEW, "database", (commits, Branch(writer), Branch(vip_moves))),
        Chain(fault, API, "api", (
            Branch((*vip_moves, waits.connect_in_vain(timers)), certain=True),
            # A request that only reads does not wait for the group, see api.settings.database.
            Branch(writer), Branch(cache), Branch(waits.given_up(timers)),
            Branch((waits.token_asked_again(timers),))), ACTIVE_ACTIVE),
        Chain(fault, AMQP, "messaging", (
            Branch(waits.elected(timers)), Branch((waits.broker_lost(timers), *waits.unconfirmed(timers))),
            Branch(waits.publisher_leaves(timers)),
            Branch((waits.marked_down(timers, "messaging", "silent"), waits.next_broker(timers))),
            Branch((waits.takeover(timers), waits.data_again(timers), waits.next_broker(timers))))),
        Chain(fault, HELD, "membership", (
            Branch((waits.left_out(timers), *waits.arbitrated(timers), waits.fenced(timers),
                    waits.address_started(timers)), certain=True),)),
        Chain(fault, IMAGE, "images", (Branch((waits.replica_dropped(timers),)),)),
        Chain(fault, OTHER, "host", (
            Branch((waits.given_up_by_kernel(timers),)), Branch((waits.found_idle(timers),)))),
    )


def _link_cut(timers: Timers) -> tuple[Chain, ...]:
    """A member is out of the clients' reach only: its heartbeats go on over the other link."""
    if not timers.seconds("pacemaker.reach_timeout"):
        return ()
    return (Chain("link of clients cut", HELD, "membership", (
        Branch((waits.isolation_found(timers), waits.address_started(timers))),)),)


def _process_crash(timers: Timers) -> tuple[Chain, ...]:
    """A process is killed; its node answers for it with refusals."""
    commits = Branch(waits.given_up(timers), certain=True)
    writer = Branch((waits.marked_down(timers, "database", "refused"),))
    return (
        Chain("keepalived crash", VIP, "loadbalancer",
              (Branch((waits.takeover(timers), waits.syn_again(timers))),)),
        Chain("load balancer crash", VIP, "loadbalancer",
              (Branch((waits.balancer_check(timers, hung=False), waits.handover(timers))),)),
        Chain("database crash", SQL_STANDING, "database", (commits, writer)),
        Chain("database crash", SQL_NEW, "database", (commits, writer)),
        Chain("resource crash", HELD, "membership", (
            Branch((waits.resource_found_dead(timers), waits.address_started(timers))),)),
        Chain("memcached crash", API, "cache", (
            Branch((waits.marked_down(timers, "cache", "refused"), waits.cache_in_vain(timers))),)),
        Chain("API crash", API, "api", (Branch((waits.marked_down(timers, "api", "refused"),)),),
              ACTIVE_ACTIVE),
        Chain("broker crash", AMQP, "messaging", (
            Branch((waits.elected(timers)[1], waits.next_broker(timers))),
            Branch((waits.marked_down(timers, "messaging", "refused"), waits.next_broker(timers))))),
    )


def _hang(timers: Timers) -> tuple[Chain, ...]:
    """A process accepts and never answers."""
    commits = Branch(waits.given_up(timers), certain=True)
    writer = Branch((waits.database_hung(timers),))
    return (
        Chain("load balancer hang", API, "loadbalancer", (
            Branch((waits.balancer_check(timers, hung=True), waits.handover(timers))),)),
        Chain("database hang", SQL_STANDING, "database", (commits, writer)),
        Chain("database hang", SQL_NEW, "database", (commits, writer)),
        Chain("database hang", API, "api", (Branch(waits.given_up(timers)), writer)),
        Chain("API hang", API, "api", (Branch((waits.marked_down(timers, "api", "hung"),)),), ACTIVE_ACTIVE),
        Chain("memcached hang", API, "cache", (
            Branch((waits.marked_down(timers, "cache", "hung"), waits.cache_in_vain(timers))),)),
        Chain("broker hang", AMQP, "messaging", (
            Branch(waits.elected(timers)), Branch((waits.broker_hung(timers),)),
            Branch(waits.publisher_leaves(timers)),
            Branch((waits.marked_down(timers, "messaging", "hung"), waits.next_broker(timers))))),
    )
