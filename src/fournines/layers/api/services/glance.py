"""Glance: images. Under eventlet (Debian finds it broken under uWSGI).

Images lie in one directory that the ``images`` layer keeps the same on every node; without that layer each
node would have only those that were uploaded to it.
"""

from __future__ import annotations

from fournines.artifacts import ini
from fournines.blueprint.files import NodeDirectory, NodeFile
from fournines.blueprint.requests import Run
from fournines.cluster.topology import Node
from fournines.layers.api import settings, units
from fournines.layers.api.services.service import ApiService, Endpoint
from fournines.layers.layer import Site

UNIT = "glance-api.service"
CONFIG = "/etc/glance/glance-api.conf"
PORT = 9292
IMAGES, STAGING, TASKS = "/var/lib/glance/images", "/var/lib/glance/staging", "/var/lib/glance/tasks"
QUIET = ("amqp=WARN,amqplib=WARN,oslo.messaging=INFO,sqlalchemy=WARN,stevedore=WARN,urllib3=WARN,"
         "keystonemiddleware=WARN,keystoneauth=WARN,eventlet.wsgi.server=WARN")
"""oslo.log's own list as far as it concerns Glance, and no line for each health check of each balancer."""
IDENTITY_SECRET = "api.glance.identity"  # noqa: S105 - its name in the secret store


def files(site: Site, node: Node) -> tuple[NodeFile, ...]:
    """What the service is started with."""
    command = ("/usr/bin/glance-api", f"--config-file={CONFIG}")
    shared = IMAGES if "images" in site.cluster.layers else ""
    return (
        NodeFile(CONFIG, ini.emit(_config(site, node)).encode(), 0o640, "root", "glance", secret=True),
        units.unit_file(site, UNIT, "glance", "OpenStack Image API", command, mount=shared),
    )


def _config(site: Site, node: Node) -> ini.Document:
    messaging = settings.messaging(site, SERVICE.broker_account)
    return ini.oslo({
        "DEFAULT": {
            "use_stderr": True,     # into the journal
            "default_log_levels": QUIET,
            "bind_host": settings.listening(site, node),
            "bind_port": PORT,
            "workers": settings.spec_of(site.cluster).workers,
            "public_endpoint": f"http://{settings.vip(site)}:{PORT}",
            # An import must go on where its data were staged, whichever member was asked.
            "worker_self_reference_url": SERVICE.member_url(site, node),
            "enabled_backends": "local:file",
            **messaging.get("DEFAULT", {}),
        },
        "database": settings.database(site, SERVICE.sql_account),
        "glance_store": {"default_backend": "local"},
        "keystone_authtoken": settings.authtoken(site, "glance", IDENTITY_SECRET),
        "local": {"filesystem_store_datadir": IMAGES},
        "os_glance_staging_store": {"filesystem_store_datadir": STAGING},
        "os_glance_tasks_store": {"filesystem_store_datadir": TASKS},
        "oslo_concurrency": {"lock_path": "/run/lock/glance"},
        "oslo_middleware": {"enable_proxy_headers_parsing": True},
        "oslo_policy": {"policy_dirs": "/etc/glance/policy.d"},
        "paste_deploy": {"flavor": "keystone"},
        **{name: section for name, section in messaging.items() if name != "DEFAULT"},
    })


SERVICE = ApiService(
    name="glance", unit=UNIT, agent="glance-api", port=PORT, packages=("glance-api", "python3-pymysql"),
    endpoint=Endpoint("image", "OpenStack Image"), config=CONFIG,
    migrate=Run(("glance-manage", "db", "sync"), user="glance", timeout_s=600.0),
    migrations="db/sqlalchemy/alembic_migrations/versions",
    files=files,
    directories=tuple(NodeDirectory(directory, 0o750, "glance", "glance") for directory in (STAGING, TASKS)),
    identity_secret=IDENTITY_SECRET)
