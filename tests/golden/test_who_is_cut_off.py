"""What Pacemaker's scheduler does when members have looked whom they reach: what clients ask for leaves a
node that reaches nobody, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from fournines.artifacts import cib
from fournines.layers.membership.reach import REACHED

from .scheduler import MEMBERS, configuration, placed, simulate, tell

pytestmark = pytest.mark.tool("crm_simulate", "pacemaker-cli-utils")


def heads(example: str) -> list[str]:
    return [each.resource for each in cib.parse(configuration(example).read_text()).resources.preferences]


def places(tool: str, state: Path) -> dict[str, str]:
    """Resource -> where it runs, of those that run once."""
    return {name: next(iter(nodes)) for name, nodes in placed(tool, state).items() if len(nodes) == 1}


def members_of(example: str, head: str) -> list[str]:
    return next((list(each.members) for each in cib.parse(configuration(example).read_text()).resources.groups
                 if each.id == head), [head])


@pytest.mark.parametrize("example", MEMBERS)
def test_what_clients_ask_for_leaves_a_member_that_reaches_nobody(tool: str, example: str, running: Path,
                                                                  tmp_path: Path) -> None:
    before = places(tool, running)
    for head in heads(example):
        lost = before[members_of(example, head)[0]]
        state, after = tmp_path / f"{head}.xml", tmp_path / f"{head}.after.xml"
        state.write_bytes(running.read_bytes())
        tell(state, REACHED, {name: 1 if name == lost else 2 for name in MEMBERS[example]})
        simulate(tool, state, after)
        there = places(tool, after)
        assert all(there[each] != lost for each in members_of(example, head)), (head, there)
        assert there.keys() == before.keys()   # and everything runs


@pytest.mark.parametrize("example", MEMBERS)
@pytest.mark.parametrize("reached", ["all", "none", "one fewer"])
def test_nothing_moves_where_all_reach_somebody_or_nobody_does(tool: str, example: str, reached: str,
                                                               running: Path, tmp_path: Path) -> None:
    """Without their switch none reaches any, and a move would be an outage more."""
    before = places(tool, running)
    first = before[members_of(example, heads(example)[0])[0]]
    values = {name: {"all": 3, "none": 1, "one fewer": 2 if name == first else 3}[reached]
              for name in MEMBERS[example]}
    tell(running, REACHED, values)
    assert simulate(tool, running, tmp_path / "after.xml") == set()
    assert places(tool, tmp_path / "after.xml") == before


@pytest.mark.parametrize("example", MEMBERS)
def test_what_reaches_again_does_not_move_back(tool: str, example: str, running: Path,
                                               tmp_path: Path) -> None:
    away = tmp_path / "away.xml"
    first = places(tool, running)[members_of(example, heads(example)[0])[0]]
    tell(running, REACHED, {name: 1 if name == first else 2 for name in MEMBERS[example]})
    simulate(tool, running, away)
    moved = places(tool, away)
    tell(away, REACHED, dict.fromkeys(MEMBERS[example], 3))
    assert simulate(tool, away, tmp_path / "back.xml") == set()
    assert places(tool, tmp_path / "back.xml") == moved
