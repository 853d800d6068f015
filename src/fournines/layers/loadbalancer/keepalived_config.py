"""keepalived.conf of a controller: unicast VRRPv3, one instance for each VIP, no preemption.

Nobody starts as master and nobody takes a VIP back: a VIP moves only when its holder is gone or cannot serve.
Source: keepalived.conf(5) of 2.2.7.
"""

from __future__ import annotations

from collections.abc import Sequence

from fournines.artifacts import keepalived
from fournines.artifacts.keepalived import Block, block
from fournines.cluster.topology import Node, Vip
from fournines.layers.layer import Site

ALIVE_SCRIPT = "/usr/lib/fournines/haproxy_alive"
STATE_SCRIPT = "/usr/lib/fournines/vrrp_state"
STATES = "/run/fournines/vrrp"
_SCRIPT_USER = ("nobody", "nogroup")
_SCRIPT = "haproxy"


def document(site: Site, node: Node) -> keepalived.Document:
    """The whole configuration for the Keepalived on ``node``."""
    routers = router_ids(tuple(site.free_vips.values()))
    return keepalived.document(
        block("global_defs", "", [
            ("router_id", node.name), ("vrrp_version", 3),
            "enable_script_security", ("script_user", *_SCRIPT_USER),
            # Adverts go out where processors are short, as Corosync's token does. Who computes for a second
            # without a pause is killed by the kernel.
            ("vrrp_rt_priority", 20), ("vrrp_rlimit_rttime", 1_000_000),
            ("vrrp_garp_master_delay", 1), ("vrrp_garp_master_repeat", 3),
            # Neighbours that were cut off while the VIP moved learn of it once they are back.
            ("vrrp_garp_master_refresh", 5), ("vrrp_garp_master_refresh_repeat", 1)]),
        block("vrrp_script", _SCRIPT, [
            ("script", ALIVE_SCRIPT),
            ("interval", round(site.timers.seconds("vrrp.check_interval"))),
            ("timeout", round(site.timers.seconds("vrrp.check_timeout"))),
            ("fall", site.timers.count("vrrp.check_fall")), ("rise", 2),
            "init_fail"]),                     # no VIP before HAProxy has answered
        *(_instance(site, node, vip, routers[vip.name]) for vip in vips_of(site, node)))


def vips_of(site: Site, node: Node) -> tuple[Vip, ...]:
    """The VIPs that ``node`` can hold: those on networks it is connected to."""
    return tuple(vip for vip in site.free_vips.values() if vip.network in node.addresses)


def interface_file(network: str) -> str:
    """Where a node says, when Keepalived starts, which of its interfaces that network is on."""
    return f"/run/fournines/interfaces/{network}.conf"


def router_ids(vips: Sequence[Vip]) -> dict[str, int]:
    """VIP name -> VRRP router id (1 to 255): the last byte of the address, or the next that is free."""
    taken: dict[str, int] = {}
    for vip in vips:
        wanted = vip.address.packed[-1] or 255
        turn = [*range(wanted, 256), *range(1, wanted)]
        taken[vip.name] = next(number for number in turn if number not in taken.values())
    return taken


def _instance(site: Site, node: Node, vip: Vip, router_id: int) -> Block:
    holders = [each for each in site.cluster.controllers if vip.network in each.addresses]
    turn = holders.index(node)
    priority = site.timers.count("vrrp.first_priority") - turn * site.timers.count("vrrp.priority_step")
    peers = [str(each.addresses[vip.network]) for each in holders if each is not node]
    return block("vrrp_instance", vip.name, [
        ("include", interface_file(vip.network)),
        ("state", "BACKUP"), "nopreempt",
        ("virtual_router_id", router_id), ("priority", priority),
        ("advert_int", site.timers.seconds("vrrp.advert_int")),
        ("unicast_src_ip", node.addresses[vip.network]),
        block("unicast_peer", "", peers),
        block("virtual_ipaddress", "", [f"{vip.address}/32"]),
        block("track_script", "", [_SCRIPT]),
        ("notify", STATE_SCRIPT, "root", "root")])
