"""Ceilometer's central agent: measures what no compute node can see, from the other services' APIs. One may
run, or everything would be measured twice.

It keeps nothing itself and has no database since long; what it measures goes to the broker, where something
(Ceilometer's notification agent, with Gnocchi) has to take it. Without ``notifications: true`` it sends
nothing.
Sources: Ceilometer administrator guide (Zed); Debian's ceilometer 19.0 packaging.
"""

from __future__ import annotations

from fournines.artifacts import ini
from fournines.blueprint.files import NodeFile
from fournines.cluster.topology import Node
from fournines.layers.api import settings, units
from fournines.layers.api.services.service import ApiService
from fournines.layers.layer import Site

UNIT = "ceilometer-agent-central.service"
CONFIG = "/etc/ceilometer/ceilometer.conf"
IDENTITY_SECRET = "api.ceilometer.identity"  # noqa: S105 - its name in the secret store


def files(site: Site, node: Node) -> tuple[NodeFile, ...]:
    """What the service is started with."""
    command = ("/usr/bin/ceilometer-polling", f"--config-file={CONFIG}", "--polling-namespaces", "central")
    return (
        NodeFile(CONFIG, ini.emit(_config(site)).encode(), 0o640, "root", "ceilometer", secret=True),
        units.unit_file(site, UNIT, "ceilometer", "OpenStack Telemetry central agent", command),
    )


def _config(site: Site) -> ini.Document:
    messaging = settings.messaging(site, SERVICE.broker_account)
    return ini.oslo({
        "DEFAULT": {"use_stderr": True, **messaging.get("DEFAULT", {})},     # into the journal
        "publisher_notifier": {
            "telemetry_driver": "messagingv2" if settings.spec_of(site.cluster).notifications else "noop",
        },
        "service_credentials": {
            "auth_type": "password",
            "auth_url": settings.identity_url(site),
            "username": "ceilometer",
            "password": site.secret(IDENTITY_SECRET),
            "user_domain_name": settings.DOMAIN,
            "project_name": settings.SERVICE_PROJECT,
            "project_domain_name": settings.DOMAIN,
            "region_name": settings.spec_of(site.cluster).region,
            "interface": "internal",
        },
        **{name: section for name, section in messaging.items() if name != "DEFAULT"},
    })


SERVICE = ApiService(
    name="ceilometer-central", project="ceilometer", unit=UNIT, agent="ceilometer-agent-central",
    packages=("ceilometer-agent-central",), config=CONFIG, files=files, identity_secret=IDENTITY_SECRET)
