"""For every test: the small cluster of fake nodes that ``store_cluster.py`` makes."""

from __future__ import annotations

import pytest

from store_cluster import World


@pytest.fixture
def world() -> World:
    return World()
