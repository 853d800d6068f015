"""Neutron: networks. Its API under uWSGI, and beside it the RPC server that its agents talk to.

Networks are flat or VXLAN through Linux bridges, which every kernel has; Zed wants it said that this driver
is chosen on purpose. Sources: Neutron administrator guide (Zed); Debian's neutron 21.0 packaging.
"""

from __future__ import annotations

from fournines.artifacts import ini
from fournines.blueprint.files import NodeFile
from fournines.blueprint.requests import Run
from fournines.cluster.topology import Node
from fournines.layers.api import settings, units, uwsgi
from fournines.layers.api.services.service import ApiService, Endpoint
from fournines.layers.layer import Site

HOST = "neutron-server"
UNIT, RPC_UNIT = "neutron-api.service", "neutron-rpc-server.service"
CONFIG, UWSGI = "/etc/neutron/neutron.conf", "/etc/neutron/fournines-uwsgi.ini"
ML2 = "/etc/neutron/plugins/ml2/ml2_conf.ini"
PORT = 9696
IDENTITY_SECRET = "api.neutron.identity"  # noqa: S105 - its name in the secret store
ARGUMENTS = (f"--config-file={CONFIG}", f"--config-file={ML2}")
# It puts eventlet's locks in place of Python's, which no two threads can wait for: of those that ask while it
# loads, one would keep the lock for good ("cannot switch to a different thread", eventlet issue 662).
NEUTRON_WSGI = uwsgi.Application("neutron", "neutron-api", "/usr/bin/neutron-api", PORT, " ".join(ARGUMENTS),
                                 threaded=False)


def files(site: Site, node: Node) -> tuple[NodeFile, ...]:
    """What the service is started with."""
    return (
        NodeFile(CONFIG, ini.emit(_config(site, node)).encode(), 0o640, "root", "neutron", secret=True),
        NodeFile(ML2, ini.emit(_ml2()).encode(), 0o640, "root", "neutron"),
        NodeFile(UWSGI, uwsgi.emit(site, node, NEUTRON_WSGI)),
        units.unit_file(site, UNIT, "neutron", "OpenStack Networking API", uwsgi.command(UWSGI)),
        units.unit_file(site, RPC_UNIT, "neutron", "OpenStack Networking RPC server",
                        ("/usr/bin/neutron-rpc-server", *ARGUMENTS)),
    )


def _config(site: Site, node: Node) -> ini.Document:
    messaging = settings.messaging(site, SERVICE.broker_account)
    return ini.oslo({
        "DEFAULT": {
            # One server wherever it runs: no queue is left behind where it was.
            **({"host": HOST} if settings.is_active_passive(site.cluster) else {}),
            "use_stderr": True,     # into the journal
            "core_plugin": "ml2",
            "service_plugins": "router",
            "auth_strategy": "keystone",
            # uWSGI binds; these tell the resource agent where.
            "bind_host": settings.listening(site, node),
            "bind_port": PORT,
            "rpc_workers": settings.spec_of(site.cluster).workers,
            "rpc_state_report_workers": 1,
            "state_path": "/var/lib/neutron",
            # Nova is not among the services of this control plane.
            "notify_nova_on_port_status_changes": False,
            "notify_nova_on_port_data_changes": False,
            **messaging.get("DEFAULT", {}),
        },
        "database": settings.database(site, SERVICE.sql_account),
        "experimental": {"linuxbridge": True},
        "keystone_authtoken": settings.authtoken(site, "neutron", IDENTITY_SECRET),
        "oslo_concurrency": {"lock_path": "/run/lock/neutron"},
        "oslo_middleware": {"enable_proxy_headers_parsing": True},
        "oslo_policy": {"policy_dirs": "/etc/neutron/policy.d"},
        **{name: section for name, section in messaging.items() if name != "DEFAULT"},
    })


def _ml2() -> ini.Document:
    return ini.oslo({
        "ml2": {
            "type_drivers": "flat,vxlan",
            "tenant_network_types": "vxlan",
            "mechanism_drivers": "linuxbridge",
            "extension_drivers": "port_security",
        },
        "ml2_type_flat": {"flat_networks": "external"},
        "ml2_type_vxlan": {"vni_ranges": "1:65536"},
    })


SERVICE = ApiService(
    name="neutron", unit=UNIT, companions=(RPC_UNIT,), agent="neutron-server", port=PORT,
    packages=("neutron-api", "neutron-rpc-server", "python3-pymysql"),
    endpoint=Endpoint("network", "OpenStack Networking"), config=CONFIG,
    migrate=Run(("neutron-db-manage", *ARGUMENTS, "upgrade", "heads"), user="neutron", timeout_s=900.0),
    migrations="db/migration/alembic_migrations/versions", files=files, identity_secret=IDENTITY_SECRET)
