"""For every test of the API layer: a cluster with all layers, and the smallest one."""

from __future__ import annotations

import pytest

from fournines.layers.api.spec import ApiSpec
from fournines.layers.layer import Site

from .sites import make_cluster, make_site


@pytest.fixture
def site() -> Site:
    return make_site(make_cluster())


@pytest.fixture
def keystone_only() -> Site:
    return make_site(make_cluster(ApiSpec(services=("keystone",)), ("database", "loadbalancer")))
