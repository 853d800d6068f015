"""What the services say of themselves: their health pages, their schemas and records, and a client's
errand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from fournines.blueprint.contribution import Invariant, Members
from fournines.blueprint.predicate import Answers, Fact, OnAny, OnEvery, Predicate
from fournines.blueprint.requests import HttpGet, JsonValue
from fournines.blueprint.snapshot import Probe, Unreadable
from fournines.blueprint.unit_active import active
from fournines.layers.api import active_passive, records, settings
from fournines.layers.api.services import chosen
from fournines.layers.api.services.service import ApiService
from fournines.layers.layer import Site

ERRAND = "api.errand"
_OK = 200


@dataclass(frozen=True, slots=True)
class Schema:
    """The revisions a database is at, and the newest ones of the installed version."""

    at: tuple[str, ...]
    heads: tuple[str, ...]

    @property
    def current(self) -> bool:
        """Every branch is at its newest revision."""
        return bool(self.heads) and set(self.heads) <= set(self.at)


@dataclass(frozen=True, slots=True)
class Records:
    """``schemas`` by service; ``endpoints`` as ``type interface url``; ``mark`` as in ``records.mark``."""

    schemas: dict[str, Schema]
    mark: str
    endpoints: tuple[str, ...]
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Errand:
    """Seconds that a token and a list of images took; None where there is no image service."""

    token_s: float
    images_s: float | None


def health_probe(service: ApiService) -> str:
    """The name of the probe of a service's health page."""
    return f"api.{service.name}"


def companion_probe(unit: str) -> str:
    """The name of the probe of a service's other unit."""
    return f"api.unit.{unit}"


def parse_status(reply: JsonValue) -> int:
    """The HTTP status of a health page."""
    status = reply.get("status") if isinstance(reply, dict) else None
    if not isinstance(status, int):
        raise Unreadable("not an answer over HTTP")
    return status


def parse_records(reply: JsonValue) -> Records:
    """The answer of ``identity_records.py facts``."""
    try:
        said = json.loads(_stdout(reply))
        schemas = {name: Schema(tuple(map(str, schema["at"])), tuple(map(str, schema["heads"])))
                   for name, schema in said["schemas"].items()}
        return Records(schemas, str(said["mark"]), tuple(" ".join(row) for row in said["endpoints"]),
                       tuple(map(str, said["users"])))
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise Unreadable(f"not what Keystone has recorded: {problem}") from None


def parse_errand(reply: JsonValue) -> Errand:
    """The answer of ``identity_records.py serve``."""
    try:
        said = json.loads(_stdout(reply))
        images_s = said.get("images_s")
        return Errand(float(said["token_s"]), None if images_s is None else float(images_s))
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise Unreadable(f"not the outcome of an errand: {problem}") from None


def _stdout(reply: JsonValue) -> str:
    text = reply.get("stdout") if isinstance(reply, dict) else None
    return text if isinstance(text, str) else ""


def probes(site: Site) -> tuple[Probe, ...]:
    """Health pages are cheap; the errand costs a password hash, so only ``verify`` looks at it."""
    nodes = site.cluster.controllers
    pages = (Probe(health_probe(service),
                   {node.name: HttpGet(f"{service.member_url(site, node)}{service.check_path}")
                    for node in nodes},
                   parse_status) for service in chosen(site.cluster) if service.port)
    facts = records.facts_request(site)
    others = (active_passive.probes(site) if settings.is_active_passive(site.cluster) else
              tuple(active(companion_probe(unit), unit, site.controllers)
                    for service in chosen(site.cluster) for unit in service.companions))
    return (*pages, *others,
            Probe(records.FACTS, {node.name: facts for node in nodes}, parse_records),
            Probe(ERRAND, {node.name: records.serve_request(site, node) for node in nodes}, parse_errand))


def well(service: ApiService) -> Predicate:
    """This member answers its health page."""
    return Fact(health_probe(service), wanted=_OK)


def runs(unit: str) -> Predicate:
    """This member of a unit that answers nobody, beside the one that does, is active."""
    return Fact(companion_probe(unit))


def ready(service: ApiService, unit: str) -> Predicate:
    """What shows that one of a service's units is up, where systemd runs it."""
    return well(service) if unit == service.unit else runs(unit)


def schema_current(site: Site, service: ApiService) -> Predicate:
    """The database is what the installed version wants, as any controller sees it."""
    return OnAny(site.controllers, Fact(records.FACTS, f"schemas.{service.user}.current"))


def members(site: Site) -> tuple[Members, ...]:
    """One member of each service is enough; active-passive has but one."""
    if settings.is_active_passive(site.cluster):
        return ()
    return tuple(Members(service.name, well(service), site.controllers, needs=1)
                 for service in chosen(site.cluster))


def invariants(site: Site) -> tuple[Invariant, ...]:
    """What ``verify`` judges."""
    return (
        *(active_passive.invariants(site) if settings.is_active_passive(site.cluster) else ()),
        *(item for service in chosen(site.cluster) for item in _of_service(site, service)),
        Invariant("Keystone's endpoints lead to the VIP", OnAny(site.controllers, records.bootstrapped(site)),
                  "fournines apply"),
        Invariant("service accounts and catalogue are complete",
                  OnAny(site.controllers, records.complete(site)), "fournines apply"),
        Invariant("every controller issues tokens and lists images",
                  OnEvery(site.controllers, Answers(ERRAND)),
                  "journalctl -u keystone -u glance-api there says why"),
    )


def _of_service(site: Site, service: ApiService) -> Iterator[Invariant]:
    """What is judged of one service: each that there is to ask."""
    if service.port:
        where = "to every controller" if settings.is_active_passive(site.cluster) else "on every controller"
        yield Invariant(f"{service.name} answers {where}", OnEvery(site.controllers, well(service)),
                        f"journalctl -u {service.unit} there says why; then: fournines apply")
    for unit in () if settings.is_active_passive(site.cluster) else service.companions:
        yield Invariant(f"{unit} runs on every controller", OnEvery(site.controllers, runs(unit)),
                        f"journalctl -u {unit} there says why; then: fournines apply")
    if service.migrate:
        yield Invariant(f"the schema of {service.name} is that of the installed version",
                        schema_current(site, service), "fournines apply migrates it")
