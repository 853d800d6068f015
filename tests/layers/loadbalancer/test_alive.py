"""Whether a node may hold an address when it alone does not reach a senior."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import real_haproxy

from fournines.cluster.timers import derive
from fournines.cluster.topology import Recovery
from fournines.layers.layer import Site
from fournines.layers.loadbalancer import alive, artifacts

SCENE = Path(__file__).with_name("apart_scene.py")


def words(site: Site, node: str) -> dict[str, list[str]]:
    """Section -> its lines."""
    return {" ".join((item.kind, *item.arguments)): [" ".join(map(str, line)) for line in item.lines]
            for item in alive.sections(site, site.cluster.node(node))}


def test_the_senior_asks_nobody_and_is_asked(site: Site) -> None:
    found = words(site, "ctl1")
    assert set(found) == {"frontend alive", "frontend reach"}
    assert "bind 192.168.42.11:8405" in found["frontend reach"]
    assert "http-request return status 200 if { path /reaches/ctl3 } reaches_ctl3" in found["frontend reach"]


def test_the_junior_asks_the_others_for_each_senior(site: Site) -> None:
    found = words(site, "ctl3")
    assert set(found) == {"frontend alive", "frontend reach", "backend reached_ctl1", "backend with_ctl1",
                          "backend reached_ctl2", "backend with_ctl2"}
    assert found["backend reached_ctl1"][-1] == "server ctl2 192.168.42.12:8405"
    assert found["backend reached_ctl2"][-1] == "server ctl1 192.168.42.11:8405"
    assert "default-server check inter 1000ms fall 5 rise 1" in found["backend with_ctl1"]


def test_it_has_to_last_for_the_whole_promise(site: Site) -> None:
    """Everybody knows by then of a controller that is lost."""
    for promise_s in (2.0, 5.0, 30.0, 120.0):
        timers = derive(replace(site.cluster, recovery=Recovery(promise_s)))
        assert timers.count("haproxy.apart.fall") * timers.seconds("haproxy.apart.inter") >= promise_s


def test_two_controllers_have_nobody_to_ask(site: Site) -> None:
    two = replace(site, cluster=replace(site.cluster, nodes=site.cluster.nodes[:2]))
    assert set(words(two, "ctl2")) == {"frontend alive"}


@real_haproxy.needed
def test_a_real_haproxy_tells_a_cut_between_two_from_a_loss(site: Site, tmp_path: Path) -> None:
    cluster = replace(site.cluster, recovery=Recovery(2.0))
    told = real_haproxy.play(SCENE, artifacts.haproxy_text(
        replace(site, cluster=cluster, timers=derive(cluster)), cluster.node("ctl3")), tmp_path)
    assert told["while all is well"] is None
    assert told["lost to all"] is None
    assert told["lost to this one"] >= 1.2   # 5 checks of 0.4 s, less what the first came early
    assert told["given up by the other, too"] is not None
    assert told["again"] >= 1.2
    assert told["there again"] is not None
