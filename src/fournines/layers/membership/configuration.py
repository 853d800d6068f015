"""The whole of Pacemaker's configuration: what all layers asked for, properties, defaults, fencing."""

from __future__ import annotations

from fournines.artifacts.pacemaker import Configuration, Level, Property
from fournines.blueprint.resources import Resources, address
from fournines.layers.layer import Site
from fournines.layers.membership import fencing, reach, watchdog

# The guide's pe-*-series-max of 1000 shorten the history that the defaults keep (no limit, 5000, 4000); of
# errors, the one that has no limit may fill a disk.
_HISTORY = {"pe-error-series-max": "4000", "pe-warn-series-max": "5000", "pe-input-series-max": "4000"}


def early(site: Site) -> Configuration:
    """What runs before any service that stands on it."""
    return _configuration(site, site.exchange.resources)


def whole(site: Site) -> Configuration:
    """Everything."""
    return _configuration(site, site.exchange.resources + site.exchange.service_resources)


def addresses(site: Site) -> Resources:
    """The VIPs that neither a load balancer nor some other layer holds."""
    if "loadbalancer" in site.cluster.layers:
        return Resources()
    return Resources(tuple(address(site.cluster, site.timers, name) for name in site.free_vips))


def _configuration(site: Site, asked: Resources) -> Configuration:
    timers, devices = site.timers, fencing.devices(site.cluster)
    run = addresses(site) + asked
    return Configuration(
        properties=tuple(Property(name, value) for name, value in _properties(site).items()),
        resources=(fencing.resources(site.cluster, timers) + watchdog.resources(site)
                   + reach.resources(site, run) + run),
        levels=(*(Level(f"fl_{node}_{level}", node, level, tuple(
            each.name for each in devices if (each.node, each.level) == (node, level)))
            for node, level in dict.fromkeys((each.node, each.level) for each in devices)),
            *watchdog.levels(site)),
        resource_defaults=(
            Property("resource-stickiness", str(timers.count("pacemaker.stickiness"))),
            Property("migration-threshold", str(timers.count("pacemaker.migration_threshold"))),
            Property("failure-timeout", f"{timers.seconds('pacemaker.failure_timeout'):g}s")),
        operation_defaults=(
            Property("timeout", f"{timers.seconds('pacemaker.operation_timeout'):g}s"),))


def _properties(site: Site) -> dict[str, str]:
    """See docs/layers/membership.md for the reason of each."""
    def duration(name: str) -> str:
        return f"{site.timers.seconds(f'pacemaker.{name}'):g}s"

    return {
        "stonith-enabled": "true",
        "no-quorum-policy": "stop",
        "stonith-timeout": duration("stonith_timeout"),
        **watchdog.properties(site),
        "dc-deadtime": duration("dc_deadtime"),
        "cluster-recheck-interval": duration("recheck_interval"),
        # By default a load above that of the processors lets one action at a time run in the whole cluster.
        # After a failover a machine is busy, and the recovery is what it has to be busy with.
        "load-threshold": "1000%",
        # One failed start is not yet a reason to leave the node: the threshold counts those too.
        "start-failure-is-fatal": "false",
        **_HISTORY,
    }
