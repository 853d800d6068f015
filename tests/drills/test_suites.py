from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fournines.cluster.file import load
from fournines.drills.catalog import DRILLS, FAMILIES
from fournines.drills.drill import BEYOND_A_LAB, Capability
from fournines.drills.series import seeds
from fournines.drills.suites import SUITES, at_random, read_suite, suite_of
from fournines.errors import DrillError, SuiteFileError
from fournines.layers import SPECS

FILE = Path("nightly.yaml")
CLUSTER = load(Path(__file__).parents[2] / "examples" / "three-controllers.yaml", SPECS)
DATABASE = replace(CLUSTER, layers={"database": {}})


def test_core_is_every_failure_once_that_a_lab_can_make() -> None:
    """Of what clients need; what they do not talk to is a suite of its own."""
    core, maintenance = ([item.drill for item in SUITES[name].items] for name in ("core", "maintenance"))
    assert len(core) == len(set(core)) >= 25
    attendants = {drill.name for drill in FAMILIES["attendants"] if not drill.is_orderly}
    assert set(DRILLS) - set(core) - set(maintenance) == attendants | {
        name for name, drill in DRILLS.items() if drill.needs & BEYOND_A_LAB}
    assert {item.drill for item in SUITES["attendants"].items} > attendants
    assert {"stop-broker", "restart-keystone", "rolling-restart-of-databases"} < set(maintenance)
    assert not set(core) & set(maintenance)


def test_what_is_drawn_is_the_same_for_the_same_seed() -> None:
    drawn = at_random(50, 7, frozenset(Capability), DATABASE)
    assert drawn == at_random(50, 7, frozenset(Capability), DATABASE)
    assert drawn != at_random(50, 8, frozenset(Capability), DATABASE)
    drills = [planned.drill for planned in drawn.planned(7)]
    assert len(drills) == 50
    assert {drill.layer for drill in drills} == {"", "database"}
    assert not any(drill.needs & BEYOND_A_LAB for drill in drills)
    assert at_random(5, 7, frozenset(), DATABASE).items == ()


@pytest.mark.parametrize("name", SUITES)
def test_every_suite_can_be_planned(name: str) -> None:
    planned = SUITES[name].planned(seed=5)
    assert [item.seed for item in planned] == list(range(5, 5 + len(planned)))


def test_a_suite_of_ours_leaves_out_what_the_cluster_has_not() -> None:
    there, others = SUITES["core"].where(replace(CLUSTER, layers={"database": {}, "storage": {}}))
    assert {DRILLS[item.drill].layer for item in there.items} == {"", "database", "storage"}
    assert "kill-broker" in others
    assert len(there.items) + len(others) == len(SUITES["core"].items)


def test_what_goes_from_node_to_node_needs_a_service_on_each() -> None:
    one_at_a_time = replace(CLUSTER, layers={"database": {"pattern": "active-passive"}})
    there, others = SUITES["rolling"].where(one_at_a_time)
    assert there.items == ()
    assert "rolling-restart-of-databases" in others
    drawn = {item.drill for item in at_random(200, 7, frozenset(Capability), one_at_a_time).items}
    assert "restart-database-writer" in drawn
    assert "rolling-restart-of-databases" not in drawn


def test_a_file_of_ones_own() -> None:
    suite = read_suite(b"""
suite: nightly
drills:
  - kill-broker
  - {drill: kill-keystone, on: ctl2, times: 2}
  - {drill: hang-keystone, times: 2, seed: 70}
""", FILE)
    assert suite.name == "nightly"
    assert [(item.drill.name, item.named, item.seed) for item in suite.planned(7)] == [
        ("kill-broker", "", 7), ("kill-keystone", "ctl2", 8), ("kill-keystone", "ctl2", 9),
        ("hang-keystone", "", 70), ("hang-keystone", "", 71)]
    assert seeds(suite.planned(7)) == "70 to 71"   # those of which a seed decides something


def test_sentences_in_a_suite() -> None:
    suite = read_suite(b"drills: [{drill: kill-broker, expect: [within 1m the cluster is whole]}]", FILE)
    (planned,) = suite.planned(1)
    assert [item.text for item in planned.expect] == ["within 1m the cluster is whole"]
    with pytest.raises(SuiteFileError, match="1 problem"):
        read_suite(b"drills: [{drill: kill-broker, expect: [all is well]}]", FILE)
    with pytest.raises(SuiteFileError, match="1 problem"):
        read_suite(b"drills: [{drill: kill-broker, expect: {a: b}}]", FILE)


def test_the_name_of_the_file_will_do() -> None:
    assert read_suite(b"drills: [kill-broker]", FILE).name == "nightly"


def test_everything_wrong_in_a_file_is_told_at_once() -> None:
    with pytest.raises(SuiteFileError) as problem:
        read_suite(b"""drill: x
drills:
  - kill-brokr
  - {drill: kill-keystone, times: 0, node: ctl2}
  - {on: ctl1}
  - {drill: kill-broker, seed: yes, times: 5000}
""", FILE)
    assert problem.value.message == "the suite file has 7 problems"
    assert [str(finding) for finding in problem.value.findings] == [
        'nightly.yaml:1:1: a suite has no setting "drill": write suite or drills',
        "nightly.yaml:3:5: there is no drill kill-brokr: write kill-broker",
        'nightly.yaml:4:38: a drill of a suite has no setting "node": write drill, expect, on, seed, times',
        "nightly.yaml:4:35: times is 0: write a number from 1 to 1000",
        "nightly.yaml:5:5: this names no drill: see `fournines drill list`",
        "nightly.yaml:6:44: times is 5000: write a number from 1 to 1000",
        "nightly.yaml:6:32: seed is yes: write a whole number"]


@pytest.mark.parametrize("content", [b"", b"[]", b"drills: []", b"drills: x", b"\0", b"a: [", b"7"])
def test_what_is_no_suite_is_refused(content: bytes) -> None:
    with pytest.raises(SuiteFileError):
        read_suite(content, FILE)


def test_what_is_not_there() -> None:
    with pytest.raises(DrillError, match="there is no suite nightli") as problem:
        suite_of("nightli")
    assert "core" in problem.value.hint
    with pytest.raises(DrillError, match="cannot be read: No such file"):
        suite_of("none.yaml")
