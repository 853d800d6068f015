"""What a control plane is made of: a folder per system of the guide. ``LAYERS`` is the only registration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fournines.layers import (
    api,
    cache,
    database,
    host,
    images,
    loadbalancer,
    membership,
    messaging,
    network,
    san,
    storage,
)
from fournines.layers.layer import Layer

# In the order in which they are started, where `after` leaves a choice.
LAYERS: Final[tuple[Layer, ...]] = (
    host.LAYER, membership.LAYER, storage.LAYER, san.LAYER, database.LAYER, messaging.LAYER, cache.LAYER,
    images.LAYER, loadbalancer.LAYER, api.LAYER, network.LAYER)

# What the cluster file may say of each layer.
SPECS: Final[Mapping[str, type]] = {layer.name: layer.spec for layer in LAYERS}
