"""A rotation while it rolls out: what a node can read after each file that is written there."""

from __future__ import annotations

import pytest

from fournines.blueprint.requests import WriteFile
from fournines.cluster.fernet import FernetKeys
from fournines.engine.services import writes
from fournines.layers.api import LAYER
from fournines.layers.api.services.keystone import FERNET_KEYS, FERNET_SECRET
from fournines.layers.layer import Site

from .sites import FERNET, with_secret

NEW_KEY = "M" * 43 + "="


def key_writes(site: Site, keys: FernetKeys) -> list[tuple[int, str]]:
    """(number, key) in the order in which a node is asked to write them."""
    files = LAYER.contribute(with_secret(site, FERNET_SECRET, keys.as_json())).files["ctl2"]
    return [(int(request.path.rpartition("/")[2]), request.content.decode()) for request in writes(files)
            if isinstance(request, WriteFile) and request.path.startswith(f"{FERNET_KEYS}/")]


@pytest.mark.parametrize("count", [2, 3])
def test_no_node_ever_lacks_a_key_that_another_signs_with(site: Site, count: int) -> None:
    before = FernetKeys(tuple(FERNET[:count]))
    after = before.rotated(NEW_KEY)
    on_the_node = dict(enumerate(before.keys))
    for number, key in key_writes(site, after):
        on_the_node[number] = key
        assert {before.primary, after.primary} <= set(on_the_node.values())
        # And what this node signs with is known to those before the rotation and to those behind it.
        assert on_the_node[max(on_the_node)] in {*before.keys} & {*after.keys}
    assert on_the_node == dict(enumerate(after.keys))


def test_the_staged_key_is_replaced_last(site: Site) -> None:
    assert [number for number, _ in key_writes(site, FernetKeys(tuple(FERNET)))] == [1, 2, 0]
