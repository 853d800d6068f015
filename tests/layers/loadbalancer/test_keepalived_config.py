"""What is written for Keepalived, and how its unit treats the addresses."""

from __future__ import annotations

import os
from dataclasses import replace
from ipaddress import IPv4Address

from fournines.artifacts import keepalived, systemd
from fournines.artifacts.keepalived import Block, Line
from fournines.blueprint.resources import Primitive, Resources
from fournines.cluster.topology import Vip
from fournines.layers.layer import Site
from fournines.layers.loadbalancer import LAYER, artifacts, keepalived_config


def instance(site: Site, node: str, name: str = "internal") -> Block:
    document = keepalived.parse(artifacts.keepalived_text(site, site.cluster.node(node)))
    return next(item for item in document.items
                if isinstance(item, Block) and item.words == ("vrrp_instance", name))


def words(block: Block, keyword: str) -> tuple[str, ...]:
    line = next(item for item in block.items if isinstance(item, Line) and item.words[0] == keyword)
    return line.words[1:]


def inside(block: Block, keyword: str) -> list[str]:
    inner = next(item for item in block.items if isinstance(item, Block) and item.words[0] == keyword)
    return [item.words[0] for item in inner.items]


def service_settings(site: Site, path: str, node: str = "ctl1") -> list[tuple[str, str]]:
    file = next(item for item in LAYER.contribute(site).files[node] if item.path == path)
    return [(entry.key, entry.value) for section in systemd.parse(file.content.decode()).sections
            for entry in section.entries]


def test_nobody_starts_as_master_and_nobody_takes_a_vip_back(site: Site) -> None:
    for node in site.controllers:
        assert words(instance(site, node), "state") == ("BACKUP",)
        assert words(instance(site, node), "nopreempt") == ()


def test_priorities_are_high_and_all_different(site: Site) -> None:
    priorities = [int(words(instance(site, node), "priority")[0]) for node in site.controllers]
    assert priorities == [250, 240, 230]


def test_everybody_speaks_to_all_others_and_to_them_only(site: Site) -> None:
    assert words(instance(site, "ctl2"), "unicast_src_ip") == ("192.168.42.12",)
    assert inside(instance(site, "ctl2"), "unicast_peer") == ["192.168.42.11", "192.168.42.13"]
    assert inside(instance(site, "ctl2"), "virtual_ipaddress") == ["192.168.42.101/32"]


def test_a_vip_needs_a_balancer_that_answers(site: Site) -> None:
    assert inside(instance(site, "ctl1"), "track_script") == ["haproxy"]
    text = artifacts.keepalived_text(site, site.cluster.node("ctl1"))
    assert "    init_fail\n" in text
    assert "    enable_script_security\n    script_user nobody nogroup\n" in text


def test_router_ids_are_the_last_byte_and_never_the_same() -> None:
    addresses = {"a": "10.0.1.7", "b": "10.0.2.7", "c": "10.0.3.0", "d": "10.0.4.255"}
    vips = [Vip(name, IPv4Address(address), "management") for name, address in addresses.items()]
    assert keepalived_config.router_ids(vips) == {"a": 7, "b": 8, "c": 255, "d": 1}


def test_a_node_without_the_network_takes_no_part(site: Site) -> None:
    vip = Vip("public", IPv4Address("203.0.113.10"), "public")
    ctl1, *others = site.cluster.nodes
    connected = [replace(node, addresses={**node.addresses, "public": IPv4Address(f"203.0.113.{number}")})
                 for number, node in enumerate(others, 2)]
    wider = replace(site, cluster=replace(site.cluster, vips={**site.cluster.vips, "public": vip},
                                          nodes=(ctl1, *connected)))
    assert "vrrp_instance public" not in artifacts.keepalived_text(wider, ctl1)
    assert inside(instance(wider, "ctl3", "public"), "unicast_peer") == ["203.0.113.2"]
    assert words(instance(wider, "ctl3", "public"), "include") == ("/run/fournines/interfaces/public.conf",)


def test_however_keepalived_ends_its_addresses_are_removed(site: Site) -> None:
    settings = service_settings(site, artifacts.KEEPALIVED_DROP_IN)
    assert ("ExecStopPost", "/usr/lib/fournines/vip_addresses.py release 192.168.42.101") in settings
    assert ("Restart", "always") in settings
    started = [value for key, value in settings if key == "ExecStart"]
    assert started[0] == ""
    assert "--dont-respawn" in started[1]


def test_a_reload_is_preceded_by_keepalived_s_own_check(site: Site) -> None:
    settings = service_settings(site, artifacts.KEEPALIVED_DROP_IN)
    reload = [value for key, value in settings if key == "ExecReload"]
    assert reload[0] == ""
    assert "--config-test" in reload[1]
    assert reload[2] == "/bin/kill -HUP $MAINPID"


def test_what_keepalived_runs_is_shipped_and_only_root_can_change_it(site: Site) -> None:
    scripts = {item.path: item for item in LAYER.contribute(site).files["ctl1"]
               if os.path.dirname(item.path) == "/usr/lib/fournines"}
    assert set(scripts) == {artifacts.ADDRESSES_SCRIPT, keepalived_config.ALIVE_SCRIPT,
                            keepalived_config.STATE_SCRIPT}
    assert {(item.mode, item.owner) for item in scripts.values()} == {(0o755, "root")}


def test_a_vip_that_pacemaker_holds_is_left_to_it(site: Site) -> None:
    held = Resources((Primitive("p_ip_internal", "ocf:heartbeat:IPaddr2", {"ip": "192.168.42.101"}),))
    asked = replace(site, exchange=replace(site.exchange, resources=held))
    node = site.cluster.nodes[0]
    assert [vip.name for vip in keepalived_config.vips_of(site, node)] == ["internal"]
    assert keepalived_config.vips_of(asked, node) == ()
