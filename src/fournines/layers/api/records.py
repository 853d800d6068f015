"""The records in Keystone that the services need: the administrator, service users, the catalogue.

They are made on one node by ``node/identity_records.py``. A mark in the description of the service project
says which records were made last, so that a plan sees a changed password without knowing one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files as package_files

from fournines.blueprint.contribution import SecretKind, SecretNeed
from fournines.blueprint.files import NodeFile
from fournines.blueprint.predicate import All, Fact, Predicate, Test
from fournines.blueprint.requests import NODE_PYTHON, JsonValue, Run
from fournines.cluster.topology import Node
from fournines.layers.api import settings
from fournines.layers.api.services import chosen
from fournines.layers.api.services.keystone import SERVICE as KEYSTONE
from fournines.layers.api.services.service import ApiService
from fournines.layers.layer import Site

SCRIPT = "/usr/lib/fournines/identity_records.py"
FACTS = "api.records"
ADMIN, ADMIN_PROJECT, ADMIN_SECRET = "admin", "admin", "api.admin"
DRILL_USER, DRILL_PROJECT, DRILL_SECRET = "drills", "drills", "api.drills"
"""Issues tokens and lists images for drills and ``verify``, and can do nothing else."""
INTERFACES = ("admin", "internal", "public")

SECRETS = (SecretNeed(ADMIN_SECRET, SecretKind.PASSWORD), SecretNeed(DRILL_SECRET, SecretKind.PASSWORD))


def script() -> NodeFile:
    """The script as it lies on every controller."""
    source = (package_files("fournines.layers.api") / "node" / "identity_records.py").read_bytes()
    return NodeFile(SCRIPT, source, 0o755)


def facts_request(site: Site) -> Run:
    """Ask for the records and schemas; it reads the services' own configuration, so it carries no secret."""
    services = (f"{service.user}:{service.migrations}:{service.config}" for service in chosen(site.cluster)
                if service.migrate)
    return Run((*NODE_PYTHON, SCRIPT, "facts", *services), timeout_s=15.0)


def bootstrap_request(site: Site, node: Node) -> Run:
    """``keystone-manage bootstrap``: the administrator and Keystone's own endpoints; may be repeated. It
    needs no running Keystone, only the node's own member of the database; the password travels in the
    environment."""
    spec = settings.spec_of(site.cluster)
    url = KEYSTONE.url(site)
    argv = ("keystone-manage", "bootstrap", "--bootstrap-username", ADMIN,
            "--bootstrap-project-name", ADMIN_PROJECT, "--bootstrap-region-id", spec.region,
            *(word for interface in INTERFACES for word in (f"--bootstrap-{interface}-url", url)))
    secrets = {"OS_BOOTSTRAP_PASSWORD": site.secret(ADMIN_SECRET),
               **settings.own_database(site, KEYSTONE.sql_account, node)}
    return Run(argv, env=secrets, user="keystone", timeout_s=300.0)


def apply_request(site: Site, node: Node) -> Run:
    """Make everything else, through the Keystone of that node."""
    wanted = {**_wanted(site), "mark": mark(site), "url": f"{KEYSTONE.member_url(site, node)}/v3"}
    return Run((*NODE_PYTHON, SCRIPT, "apply"), stdin=json.dumps(wanted), timeout_s=300.0)


def serve_request(site: Site, node: Node) -> Run:
    """What a client does, at the members of that node."""
    members = {service.name: service.member_url(site, node) for service in chosen(site.cluster)}
    asked = {"url": f"{members['keystone']}/v3", "user": DRILL_USER, "project": DRILL_PROJECT,
             "password": site.secret(DRILL_SECRET), "images_url": members.get("glance", "")}
    return Run((*NODE_PYTHON, SCRIPT, "serve"), stdin=json.dumps(asked), timeout_s=30.0)


def mark(site: Site) -> str:
    """The description of the service project once all is made; the digest gives no password away."""
    digest = hashlib.sha256(json.dumps(_wanted(site), sort_keys=True).encode()).hexdigest()[:16]
    return f"Accounts of the services, made by Fournines ({digest})"


def bootstrapped(site: Site) -> Predicate:
    """The administrator exists, and Keystone's endpoints lead to the VIP."""
    return All((Fact(FACTS, "users", Test.HAS, ADMIN), *_endpoints(site, KEYSTONE)))


def complete(site: Site) -> Predicate:
    """Everything else has been made as it should be now, and is still there."""
    users = [user["name"] for user in _users(site)]
    others = [service for service in chosen(site.cluster) if service is not KEYSTONE]
    return All((Fact(FACTS, "mark", wanted=mark(site)),
                *(Fact(FACTS, "users", Test.HAS, user) for user in users),
                *(fact for service in others for fact in _endpoints(site, service))))


def _endpoints(site: Site, service: ApiService) -> tuple[Fact, ...]:
    if service.endpoint is None:
        return ()
    kind, url = service.endpoint.type, service.url(site)
    return tuple(Fact(FACTS, "endpoints", Test.HAS, f"{kind} {interface} {url}") for interface in INTERFACES)


def _wanted(site: Site) -> Mapping[str, JsonValue]:
    others = [service for service in chosen(site.cluster) if service is not KEYSTONE]
    return {
        "admin": {"user": ADMIN, "project": ADMIN_PROJECT, "password": site.secret(ADMIN_SECRET)},
        "region": settings.spec_of(site.cluster).region,
        "roles": ["service", "member"],
        "projects": [settings.SERVICE_PROJECT, DRILL_PROJECT],
        "users": [dict(user) for user in _users(site)],
        "services": [{"type": service.endpoint.type, "name": service.name, "url": service.url(site),
                      "description": service.endpoint.description}
                     for service in others if service.endpoint],
    }


def _users(site: Site) -> list[Mapping[str, str]]:
    """Service users may ask about tokens (role service) and nothing more; the drills' user is a plain
    member."""
    services = [{"name": service.user, "password": site.secret(service.identity_secret),
                 "project": settings.SERVICE_PROJECT, "role": "service"}
                for service in chosen(site.cluster) if service.identity_secret]
    drills = {"name": DRILL_USER, "password": site.secret(DRILL_SECRET),
              "project": DRILL_PROJECT, "role": "member"}
    return [*services, drills]
