from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.engine import graph

NEEDS = {"roof": ("walls",), "walls": ("floor",), "floor": (), "garden": (), "party": ("roof", "garden")}


def test_levels_put_each_name_after_what_it_needs() -> None:
    assert graph.levels(NEEDS) == (("floor", "garden"), ("walls",), ("roof",), ("party",))


def test_ancestors_are_everything_that_must_have_gone_before() -> None:
    assert graph.ancestors(NEEDS, "roof") == {"walls", "floor"}
    assert graph.ancestors(NEEDS, "floor") == frozenset()


def test_ends_and_starts_stay_within_the_names_given() -> None:
    assert graph.ends(NEEDS, ["floor", "walls", "garden"]) == ("walls", "garden")
    assert graph.starts(NEEDS, ["roof", "walls", "party"]) == ("walls",)


def test_a_circle_is_named_once_around() -> None:
    with pytest.raises(graph.Cycle) as caught:
        graph.levels({"a": ("b",), "b": ("c",), "c": ("a",), "d": ("a",)})
    assert caught.value.path[0] == caught.value.path[-1]
    assert set(caught.value.path) == {"a", "b", "c"}


def test_a_need_that_is_not_there_is_named() -> None:
    with pytest.raises(KeyError, match="cellar"):
        graph.levels({"floor": ("cellar",)})


@given(st.lists(st.lists(st.integers(0, 30), max_size=4), max_size=30))
def test_every_acyclic_graph_is_ordered_completely(earlier: list[list[int]]) -> None:
    needs = {str(at): tuple(str(need % at) for need in wanted) if at else ()
             for at, wanted in enumerate(earlier)}
    levels = graph.levels(needs)
    depth = {name: wave for wave, names in enumerate(levels) for name in names}
    assert set(depth) == set(needs)
    assert all(depth[need] < depth[name] for name, wanted in needs.items() for need in wanted)
