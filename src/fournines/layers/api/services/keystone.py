"""Keystone: who is who. Under uWSGI; its Fernet keys are the same everywhere.

Sources: Keystone administrator guide (Zed); Debian's keystone 22.0 packaging, whose own start script binds
every address and would collide with the load balancer on the VIP.
"""

from __future__ import annotations

from fournines.artifacts import ini
from fournines.blueprint.contribution import SecretKind, SecretNeed
from fournines.blueprint.files import NodeDirectory, NodeFile
from fournines.blueprint.requests import Run
from fournines.cluster.fernet import FernetKeys
from fournines.cluster.topology import Node
from fournines.layers.api import settings, units, uwsgi
from fournines.layers.api.services.service import ApiService, Endpoint
from fournines.layers.layer import Site

UNIT = "keystone.service"
CONFIG, UWSGI = "/etc/keystone/keystone.conf", "/etc/keystone/fournines-uwsgi.ini"
FERNET_KEYS, CREDENTIAL_KEYS = "/etc/keystone/fernet-keys", "/etc/keystone/credential-keys"
FERNET_SECRET, CREDENTIAL_SECRET = "api.keystone.fernet-keys", "api.keystone.credential-keys"
KEYSTONE_WSGI = uwsgi.Application("keystone", "keystone-api", "/usr/bin/keystone-wsgi-public",
                                  settings.IDENTITY_PORT)


def files(site: Site, node: Node) -> tuple[NodeFile, ...]:
    """What the service is started with."""
    return (
        NodeFile(CONFIG, ini.emit(_config(site)).encode(), 0o640, "root", "keystone", secret=True),
        NodeFile(UWSGI, uwsgi.emit(site, node, KEYSTONE_WSGI)),
        units.unit_file(site, UNIT, "keystone", "OpenStack Identity API", uwsgi.command(UWSGI)),
    )


def keys(site: Site) -> tuple[NodeFile, ...]:
    """The key repositories: file 0 is the staged key, the highest number the primary one. Keystone reads them
    at every token, so a rotation needs no restart.

    Files are written in this order. A rotation moves every key one file down, and the staged one to the top:
    each file is overwritten once its old key is in the file below, and the staged one once it is on top. So
    at no moment does a node lack the old or the new primary, one of which every other node signs with.
    """
    return tuple(
        NodeFile(f"{directory}/{number}", key.encode(), 0o600, "keystone", "keystone", secret=True)
        for directory, secret in ((FERNET_KEYS, FERNET_SECRET), (CREDENTIAL_KEYS, CREDENTIAL_SECRET))
        for number, key in _staged_last(_keys(site, secret)))


def _staged_last(keys: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    staged, *others = enumerate(keys)
    return (*others, staged)


def _keys(site: Site, secret: str) -> tuple[str, ...]:
    return FernetKeys.from_json(site.secret(secret)).keys


def _config(site: Site) -> ini.Document:
    messaging = settings.messaging(site, SERVICE.broker_account)
    return ini.oslo({
        "DEFAULT": {
            "use_stderr": True,     # into the journal
            "public_endpoint": f"http://{settings.vip(site)}:{settings.IDENTITY_PORT}",
            **messaging.get("DEFAULT", {}),
        },
        "cache": settings.cache(site),
        "credential": {"key_repository": CREDENTIAL_KEYS},
        "database": settings.database(site, SERVICE.sql_account),
        "fernet_tokens": {
            "key_repository": FERNET_KEYS,
            "max_active_keys": max(3, len(_keys(site, FERNET_SECRET))),
        },
        # bcrypt reads no more; said here, Keystone does not warn of it at every password.
        "identity": {"max_password_length": 72},
        "healthcheck": {
            "backends": "disable_by_file",
            "disable_by_file_path": "/etc/keystone/healthcheck_disable",
        },
        "oslo_middleware": {"enable_proxy_headers_parsing": True},
        "oslo_policy": {"policy_dirs": "/etc/keystone/policy.d"},
        "token": {"provider": "fernet"},
        **{name: section for name, section in messaging.items() if name != "DEFAULT"},
    })


# A Fernet token is a signed text, kept nowhere: one that its client never saw is nobody's.
SERVICE = ApiService(
    name="keystone", unit=UNIT, agent="keystone", port=settings.IDENTITY_PORT,
    repeatable_post="/v3/auth/tokens",
    packages=("keystone", "python3-pymysql"),
    endpoint=Endpoint("identity", "OpenStack Identity", "/v3"), config=CONFIG,
    migrate=Run(("keystone-manage", "db_sync"), user="keystone", timeout_s=600.0),
    migrations="common/sql/migrations/versions",
    files=files, keys=keys,
    directories=tuple(NodeDirectory(directory, 0o700, "keystone", "keystone")
                      for directory in (FERNET_KEYS, CREDENTIAL_KEYS)),
    secrets=(SecretNeed(FERNET_SECRET, SecretKind.FERNET_KEYS),
             SecretNeed(CREDENTIAL_SECRET, SecretKind.FERNET_KEYS)))
