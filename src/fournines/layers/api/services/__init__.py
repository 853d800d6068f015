"""The OpenStack services that the layer knows, in the order in which they are brought up."""

from __future__ import annotations

from fournines.cluster.topology import Cluster
from fournines.layers.api.services import ceilometer, cinder, glance, keystone, neutron
from fournines.layers.api.services.service import ApiService
from fournines.layers.api.spec import ApiSpec

SERVICES: tuple[ApiService, ...] = (
    keystone.SERVICE, glance.SERVICE, cinder.SERVICE, neutron.SERVICE, ceilometer.SERVICE)


def chosen(cluster: Cluster) -> tuple[ApiService, ...]:
    """Those that the cluster file asks for."""
    spec = cluster.spec(ApiSpec) or ApiSpec()
    return tuple(service for service in SERVICES if service.name in spec.services)
