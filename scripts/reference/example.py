"""The example cluster, compiled: what the pages about nodes are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fournines.blueprint.contribution import Contribution, SecretKind
from fournines.cluster import file
from fournines.cluster.fernet import FernetKeys
from fournines.cluster.timers import derive
from fournines.cluster.topology import Cluster
from fournines.engine.compile import Blueprint, chosen, compile, exchange
from fournines.layers import LAYERS, SPECS
from fournines.layers.layer import Site

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "examples" / "three-controllers.yaml"
_STAND_IN_KEY = "A" * 43 + "="


@dataclass(frozen=True, slots=True)
class Example:
    """``parts``: layer name -> what it gives to ``blueprint``. Secrets are stand-ins."""

    cluster: Cluster
    site: Site
    parts: Mapping[str, Contribution]
    blueprint: Blueprint


def read_example() -> Example:
    """The example as it is now."""
    cluster = file.load(FILE, SPECS)
    timers = derive(cluster)
    asked = exchange(cluster, timers, LAYERS)
    keys = FernetKeys((_STAND_IN_KEY, _STAND_IN_KEY)).as_json()
    # Four of its letters are base64 too, as the key of Corosync has to be.
    secrets = {need.name: keys if need.kind is SecretKind.FERNET_KEYS else "secr" for need in asked.secrets}
    site = Site(cluster, timers, secrets, asked)
    return Example(cluster, site, {layer.name: layer.contribute(site) for layer in chosen(cluster, LAYERS)},
                   compile(cluster, timers, secrets, LAYERS))
