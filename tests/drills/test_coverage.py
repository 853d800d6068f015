from __future__ import annotations

import pytest

from fournines.drills.coverage import at_least, runs_to_show


@pytest.mark.parametrize(("good", "of", "share"), [
    (20, 20, 0.8609), (59, 59, 0.9505), (299, 299, 0.9900),   # all good: 0.05 ** (1 / n)
    (19, 20, 0.7839), (9, 10, 0.6058), (1, 20, 0.0026),       # quantiles of Beta(good, of - good + 1) at 0.05
    (0, 20, 0.0), (0, 0, 0.0)])
def test_the_exact_bound(good: int, of: int, share: float) -> None:
    assert at_least(good, of) == pytest.approx(share, abs=5e-5)


def test_the_bound_is_where_so_much_luck_is_had_once_in_twenty_times() -> None:
    """The rule of three: of 300 good runs, at most one in a hundred fails."""
    assert 1 - at_least(300, 300) == pytest.approx(3 / 300, rel=0.01)
    assert at_least(2000, 2000) == pytest.approx(0.05 ** (1 / 2000))


def test_more_than_all_runs_cannot_be_good() -> None:
    with pytest.raises(ValueError, match="3 good runs of 2"):
        at_least(3, 2)


def test_what_four_nines_would_take() -> None:
    assert runs_to_show(0.9999) == 29956
    assert at_least(29956, 29956) >= 0.9999 > at_least(29955, 29955)
