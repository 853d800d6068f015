"""Which requests a real HAProxy sends again when the member that has them hangs."""

from __future__ import annotations

from pathlib import Path

import real_haproxy

from fournines.layers.layer import Site
from fournines.layers.loadbalancer import artifacts

SCENE = Path(__file__).with_name("hung_scene.py")


@real_haproxy.needed
def test_who_hangs_costs_no_request_that_leaves_nothing_behind(example_site: Site, tmp_path: Path) -> None:
    text = artifacts.haproxy_text(example_site, example_site.cluster.node("ctl3"))
    played = real_haproxy.play(SCENE, text, tmp_path)
    told = played["told"]
    assert played["given"] == list(told), "one of each kind was with the one that hangs"
    assert told["GET /v3/auth/tokens"] == [200, 200]
    assert told["POST /v3/auth/tokens"] == [200, 200], "a token that nobody saw is nobody's"
    assert sorted(told["POST /v3/users"]) == [200, 502], "it may have been done"
    assert sorted(told["DELETE /v3/auth/tokens"]) == [200, 502]
