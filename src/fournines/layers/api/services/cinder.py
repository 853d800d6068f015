"""Cinder: volumes. Its API only, as in the guide: whatever owns volumes (cinder-scheduler, cinder-volume) is
not the API's to move.

Sources: Cinder administrator guide (Zed); Debian's cinder 21.3 packaging.
"""

from __future__ import annotations

from fournines.artifacts import ini
from fournines.blueprint.files import NodeFile
from fournines.blueprint.requests import Run
from fournines.cluster.topology import Node
from fournines.layers.api import settings, units, uwsgi
from fournines.layers.api.services.service import ApiService, Endpoint
from fournines.layers.layer import Site

UNIT = "cinder-api.service"
CONFIG, UWSGI = "/etc/cinder/cinder.conf", "/etc/cinder/fournines-uwsgi.ini"
PORT = 8776
IDENTITY_SECRET = "api.cinder.identity"  # noqa: S105 - its name in the secret store
CINDER_WSGI = uwsgi.Application("cinder", "cinder-api", "/usr/bin/cinder-wsgi", PORT)


def files(site: Site, node: Node) -> tuple[NodeFile, ...]:
    """What the service is started with."""
    return (
        NodeFile(CONFIG, ini.emit(_config(site, node)).encode(), 0o640, "root", "cinder", secret=True),
        NodeFile(UWSGI, uwsgi.emit(site, node, CINDER_WSGI)),
        units.unit_file(site, UNIT, "cinder", "OpenStack Block Storage API", uwsgi.command(UWSGI)),
    )


def _config(site: Site, node: Node) -> ini.Document:
    messaging = settings.messaging(site, SERVICE.broker_account)
    return ini.oslo({
        "DEFAULT": {
            "use_stderr": True,     # into the journal
            "auth_strategy": "keystone",
            # uWSGI binds; these tell the resource agent and the version document where.
            "osapi_volume_listen": settings.listening(site, node),
            "osapi_volume_listen_port": PORT,
            "public_endpoint": f"http://{settings.vip(site)}:{PORT}",
            "state_path": "/var/lib/cinder",
            **messaging.get("DEFAULT", {}),
        },
        "database": settings.database(site, SERVICE.sql_account),
        "keystone_authtoken": settings.authtoken(site, "cinder", IDENTITY_SECRET),
        "oslo_concurrency": {"lock_path": "/run/lock/cinder"},
        "oslo_middleware": {"enable_proxy_headers_parsing": True},
        **{name: section for name, section in messaging.items() if name != "DEFAULT"},
    })


SERVICE = ApiService(
    name="cinder", unit=UNIT, agent="cinder-api", port=PORT, packages=("cinder-api", "python3-pymysql"),
    endpoint=Endpoint("volumev3", "OpenStack Block Storage", "/v3/%(project_id)s"), config=CONFIG,
    migrate=Run(("cinder-manage", "db", "sync"), user="cinder", timeout_s=600.0),
    migrations="db/migrations/versions", files=files, identity_secret=IDENTITY_SECRET)
