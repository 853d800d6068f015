"""How the API layer comes up and is judged, without a machine."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from fournines.blueprint.predicate import Predicate
from fournines.blueprint.requests import Request, Run
from fournines.blueprint.snapshot import Absent, Gone, Snapshot, Unreadable
from fournines.errors import ClusterFileError
from fournines.layers.api import LAYER, health, procedures, records
from fournines.layers.api.health import Records, Schema
from fournines.layers.api.services import SERVICES, chosen
from fournines.layers.api.services.neutron import RPC_UNIT
from fournines.layers.api.services.neutron import SERVICE as NEUTRON
from fournines.layers.api.spec import ApiSpec
from fournines.layers.layer import Site

from .sites import OTHERS, make_cluster, make_site, with_secret

CURRENT = {"keystone": Schema(("a", "b"), ("a", "b")), "glance": Schema(("c",), ("c",))}


def all_requests(site: Site) -> Iterator[Request]:
    for step in procedures.steps(site):
        for requests in step.do.values():
            yield from requests
    for probe in health.probes(site):
        yield from probe.requests.values()


def complete(site: Site) -> Records:
    endpoints = tuple(f"{service.endpoint.type} {interface} {service.url(site)}"
                      for service in chosen(site.cluster) if service.endpoint
                      for interface in records.INTERFACES)
    return Records(CURRENT, records.mark(site), endpoints, ("admin", "drills", "glance"))


def seen(**values: object) -> Snapshot:
    """What the probes of each node say; ``ctl1=Gone(..)`` for a node that is away."""
    gone = {node: value for node, value in values.items() if isinstance(value, Gone)}
    there = {node: {records.FACTS: value} for node, value in values.items() if node not in gone}
    return Snapshot(there, gone)


def unless(site: Site, name: str) -> Predicate:
    (step,) = [step for step in procedures.steps(site) if step.name == name]
    assert step.unless is not None
    return step.unless


def test_no_secret_in_an_argument_or_a_description(site: Site) -> None:
    words = [word for request in all_requests(site) if isinstance(request, Run)
             for word in (*request.argv, request.describe())]
    assert words
    assert [word for word in words if any(value in word for value in site.secrets.values())] == []


def test_the_administrators_password_travels_in_the_environment(site: Site) -> None:
    node = site.cluster.node("ctl2")
    request = records.bootstrap_request(site, node)
    assert request.env["OS_BOOTSTRAP_PASSWORD"] == site.secret(records.ADMIN_SECRET)
    assert f"@{node.management}:3306/keystone?" in request.env["OS_DATABASE__CONNECTION"]
    assert site.secret(records.ADMIN_SECRET) not in request.describe() + repr(request)


def test_a_complete_cluster_needs_nothing(site: Site) -> None:
    snapshot = seen(ctl1=complete(site), ctl2=Absent("busy"), ctl3=Gone("off"))
    for step in procedures.steps(site):
        assert step.unless is not None
        assert step.unless.judge(snapshot, "ctl1").truth is True, step.name


def test_an_old_schema_is_migrated(site: Site) -> None:
    old = Records({**CURRENT, "glance": Schema(("b",), ("c",))}, "", (), ())
    snapshot = seen(ctl1=old, ctl2=old, ctl3=old)
    assert unless(site, "api: migrate the schema of glance").judge(snapshot, "ctl1").truth is False
    assert unless(site, "api: migrate the schema of keystone").judge(snapshot, "ctl1").truth is True


def test_a_database_without_tables_is_not_current() -> None:
    assert not Schema((), ("a",)).current
    assert not Schema((), ()).current


@pytest.mark.parametrize("missing", ["endpoint", "user", "password"])
def test_missing_records_are_made_again(site: Site, missing: str) -> None:
    there = complete(site)
    changed = {
        "endpoint": Records(CURRENT, there.mark, there.endpoints[:-1], there.users),
        "user": Records(CURRENT, there.mark, there.endpoints, ("admin", "drills")),
        "password": complete(with_secret(site, "api.glance.identity", "another")),
    }[missing]
    snapshot = seen(ctl1=changed, ctl2=changed, ctl3=changed)
    assert unless(site, procedures.RECORD).judge(snapshot, "ctl1").truth is False


def test_a_moved_vip_moves_the_endpoints(site: Site) -> None:
    old = complete(site)
    elsewhere = tuple(item.replace(".101:", ".102:") for item in old.endpoints)
    moved = Records(CURRENT, old.mark, elsewhere, old.users)
    snapshot = seen(ctl1=moved, ctl2=moved, ctl3=moved)
    assert unless(site, procedures.BOOTSTRAP).judge(snapshot, "ctl1").truth is False


def test_never_two_of_three(site: Site) -> None:
    for service in procedures.services(site):
        probe = health.health_probe(next(item for item in SERVICES if item.unit == service.unit))
        assert service.others_ok is not None
        both = Snapshot({"ctl1": {probe: 200}, "ctl2": {probe: 200}, "ctl3": {probe: 200}}, {})
        one_away = Snapshot({"ctl1": {probe: 200}, "ctl2": {probe: 503}, "ctl3": {probe: 200}}, {})
        unknown = Snapshot({"ctl1": {probe: 200}, "ctl2": {probe: 200}}, {"ctl3": Gone("off")})
        assert service.others_ok.judge(both, "ctl1").truth is True
        assert service.others_ok.judge(one_away, "ctl1").truth is False
        assert service.others_ok.judge(unknown, "ctl1").truth is None


def test_neutrons_rpc_server_is_judged_by_its_own_unit() -> None:
    """The API answers whether or not it runs."""
    site = make_site(make_cluster(ApiSpec(services=("keystone", "neutron"))))
    (rpc,) = [each for each in procedures.services(site) if each.unit == RPC_UNIT]
    (probe,) = [each for each in health.probes(site) if each.name == health.companion_probe(RPC_UNIT)]
    (runs,) = [each for each in health.invariants(site) if RPC_UNIT in each.name]
    page = health.health_probe(NEUTRON)
    for state, truth in (("active", True), ("failed", False)):
        seen = {page: 200, probe.name: probe.parse({RPC_UNIT: {"active": state}})}
        snapshot = Snapshot(dict.fromkeys(site.controllers, seen), {})
        assert rpc.others_ok is not None
        for judged in (rpc.ready.holds, rpc.others_ok, runs.holds):
            assert judged.judge(snapshot, "ctl1").truth is truth


def test_steps_and_services_only_need_what_exists(site: Site) -> None:
    units = [service.unit for service in procedures.services(site)]
    names = {step.name for step in procedures.steps(site)} | {f"api: start {unit}" for unit in units}
    needs = [need for item in (*procedures.steps(site), *procedures.services(site)) for need in item.needs]
    assert set(needs) <= names


def test_services_own_files_that_are_written(site: Site) -> None:
    written = {item.path for item in LAYER.contribute(site).files["ctl1"]}
    assert {path for service in procedures.services(site) for path in service.files} <= written


def test_listeners_accounts_and_secrets_of_each_service(site: Site) -> None:
    exchange = LAYER.exchange(site.cluster, site.timers)
    assert {(item.name, item.port, item.kind, item.check_path) for item in exchange.listeners} == {
        ("keystone", 5000, "api", "/healthcheck"), ("glance", 9292, "api", "/healthcheck")}
    named = {account.secret for account in (*exchange.sql_accounts, *exchange.broker_accounts)}
    assert named <= {need.name for need in exchange.secrets}
    assert [account.administrator for account in exchange.broker_accounts] == [False, False]


@pytest.mark.parametrize("lacking", ["database", "loadbalancer"])
def test_refused_without_what_it_stands_on(lacking: str) -> None:
    with pytest.raises(ClusterFileError) as caught:
        make_site(make_cluster(others=tuple(name for name in OTHERS if name != lacking)))
    assert [finding.remedy for finding in caught.value.findings] == [f"add {lacking}: {{}} under layers"]


def test_without_glance_nothing_of_it_is_left() -> None:
    site = make_site(make_cluster(ApiSpec(services=("keystone",))))
    assert [service.name for service in chosen(site.cluster)] == ["keystone"]
    assert "glance" not in json.dumps(json.loads(records.apply_request(site, site.cluster.nodes[0]).stdin))


@pytest.mark.parametrize("wrong", [
    {"services": ()}, {"services": ("glance",)}, {"services": ("keystone", "keystone")},
    {"workers": 0}, {"workers": 257}, {"region": " "}])
def test_unusable_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="has "):
        ApiSpec(**wrong)  # type: ignore[arg-type]


def test_answers_are_typed() -> None:
    facts = {"schemas": {"keystone": {"at": ["x"], "heads": ["x"]}}, "mark": "m",
             "endpoints": [["identity", "public", "http://v"]], "users": ["admin"]}
    parsed = health.parse_records({"rc": 0, "stdout": json.dumps(facts), "stderr": ""})
    assert parsed.schemas["keystone"].current
    assert parsed.endpoints == ("identity public http://v",)
    assert health.parse_errand({"stdout": '{"token_s": 0.5}'}).images_s is None
    assert health.parse_status({"status": 503, "body": "", "seconds": 0.1}) == 503


@pytest.mark.parametrize("reply", [
    None, {}, {"stdout": ""}, {"stdout": "[]"}, {"stdout": '{"token_s": "x"}'}])
def test_other_answers_are_unreadable(reply: dict[str, str] | None) -> None:
    for parse in (health.parse_records, health.parse_errand, health.parse_status):
        with pytest.raises(Unreadable):
            parse(reply)  # type: ignore[arg-type]
