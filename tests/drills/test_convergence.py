from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fournines.blueprint.snapshot import Snapshot
from fournines.drills import convergence
from fournines.drills.convergence import Convergence, Redundancy, converge, redundancy_from_data
from fournines.drills.deaf import Work
from fournines.drills.folder import RunFolder
from fournines.drills.place import Health, Place
from fournines.drills.schedule import Timeline
from fournines.drills.settings import ClientSettings
from fournines.findings import Finding, Severity
from lab_cluster import small_cluster

TIMELINE = Timeline(0.0, 10.0, 30.0, 60.0)
ILL = Health((Finding(Severity.ERROR, "no quorum", detail="1 of 3"),), Snapshot({}, {}))
WELL = Health((), Snapshot({}, {}))


def place(healths: Iterator[Health], works: Iterator[Work]) -> Place:
    async def health() -> Health:
        return next(healths)

    async def work() -> Work:
        return next(works)

    return Place(small_cluster(), {}, {}, health, lambda run: ClientSettings("192.0.2.1"), work=work)


async def converged(healths: list[Health], works: list[Work], tmp_path: Path,
                    within_s: float = 60.0) -> Convergence:
    return await converge(place(iter(healths), iter(works)), ClientSettings("192.0.2.1"), Work({"q": 1}, {}),
                          RunFolder(tmp_path), 0.0 if not within_s else 1e9, within_s)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convergence, "LOOK_AGAIN_S", 0.0)


async def test_whole_at_first_sight_says_that_nothing_was_seen_missing(tmp_path: Path) -> None:
    found = await converged([WELL], [Work({"q": 1}, {})], tmp_path)
    assert (found.truth, found.missing_s) == (True, None)
    assert found.redundancy(TIMELINE).lower_s == 0.0
    assert (tmp_path / "after.json").is_file()


async def test_a_deaf_service_is_not_recovered(tmp_path: Path) -> None:
    """Every invariant holds at the second look; the queue has its consumer again at the third."""
    found = await converged([ILL, WELL, WELL], [Work({"q": 0}, {}), Work({"q": 1}, {})], tmp_path)
    assert found.truth is True
    assert "last to come back: the queue q has 0 of its 1 consumers" in found.because
    assert found.missing_s is not None
    assert found.whole_s is not None
    assert found.missing_s <= found.whole_s


async def test_what_stays_deaf_is_named(tmp_path: Path) -> None:
    found = await converged([WELL], [Work({"q": 0}, {})], tmp_path, within_s=0.0)
    assert found.truth is False
    assert found.because == "not within 0 s: the queue q has 0 of its 1 consumers"


@pytest.mark.parametrize(("health", "work", "truth"), [
    (replace(ILL, certain=True), Work({"q": 1}, {}), False), (ILL, Work({"q": 1}, {}), None),
    (WELL, Work(None, {}), None)])
async def test_what_is_only_not_known_to_be_there_is_not_known_to_be_missing(
        health: Health, work: Work, truth: bool | None, tmp_path: Path) -> None:
    found = await converged([health], [work], tmp_path, within_s=0.0)
    assert found.truth is truth


def test_redundancy_counts_from_the_fault() -> None:
    found = Convergence("whole again", missing_s=35.0, whole_s=38.0, last="x").redundancy(TIMELINE)
    assert found == Redundancy(25.0, 28.0, 8.0, "x")
    never = Convergence("not within 30 s", missing_s=60.0, whole_s=None, last="x").redundancy(TIMELINE)
    assert (never.lower_s, never.upper_s) == (50.0, math.inf)
    for each in (found, never):
        assert redundancy_from_data(json.loads(json.dumps(each.as_data(), allow_nan=False))) == each
    with pytest.raises(TypeError):
        redundancy_from_data({**found.as_data(), "upper_s": "soon"})
    assert replace(found, lower_s=0.0) != found
