from __future__ import annotations

import pytest
from store_cluster import World


@pytest.fixture
def world() -> World:
    return World()
