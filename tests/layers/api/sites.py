"""Sites as the engine would hand them to this layer: made-up secrets, real timers."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from fournines.blueprint.contribution import SecretKind
from fournines.cluster.timers import derive
from fournines.cluster.topology import Cluster, Network, Node, Recovery, Vip
from fournines.layers.api import LAYER
from fournines.layers.api.spec import ApiSpec
from fournines.layers.layer import Site

FERNET = [letter * 43 + "=" for letter in ("A", "E", "I")]
OTHERS = ("host", "database", "messaging", "cache", "images", "loadbalancer")


def make_cluster(spec: ApiSpec | None = None, others: tuple[str, ...] = OTHERS) -> Cluster:
    """Three controllers with the API layer and ``others``."""
    nodes = tuple(Node(f"ctl{number}", {"management": IPv4Address(f"192.168.42.{10 + number}")})
                  for number in (1, 2, 3))
    return Cluster(
        name="demo", release="zed", distro="debian12", recovery=Recovery(5.0),
        networks={"management": Network("management", IPv4Network("192.168.42.0/24"))},
        vips={"internal": Vip("internal", IPv4Address("192.168.42.101"), "management")}, nodes=nodes,
        layers={**dict.fromkeys(others, object()), "api": spec or ApiSpec()})


def make_site(cluster: Cluster) -> Site:
    """Secrets are recognizable: ``secret(NAME)``, with characters that URLs and option files must escape."""
    timers = derive(cluster)
    exchange = LAYER.exchange(cluster, timers)
    secrets = {need.name: json.dumps(FERNET) if need.kind is SecretKind.FERNET_KEYS else f"p@$%/{need.name}"
               for need in exchange.secrets}
    return Site(cluster, timers, secrets, exchange)


def with_secret(site: Site, name: str, value: str) -> Site:
    """The site with another value for one secret."""
    return replace(site, secrets={**site.secrets, name: value})
