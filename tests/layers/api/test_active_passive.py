"""Pattern active-passive: what Pacemaker is asked to run, and what must have gone before."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from fournines.artifacts import cib, systemd
from fournines.artifacts.pacemaker import Configuration
from fournines.blueprint.left_alone import Boot, parse_boot
from fournines.blueprint.requests import Run
from fournines.blueprint.resources import LOAD_SERVICES, RESOURCES, Placed, Placements
from fournines.blueprint.snapshot import Snapshot
from fournines.cluster.notation import Wrong
from fournines.cluster.topology import Recovery, Vip
from fournines.errors import ClusterFileError
from fournines.layers.api import LAYER, health, procedures
from fournines.layers.api.services import chosen
from fournines.layers.api.spec import ApiSpec
from fournines.layers.layer import Site

from .sites import make_cluster, make_site

ALL = ("keystone", "glance", "cinder", "neutron", "ceilometer-central")
API_VIP = IPv4Address("192.168.42.103")
PATIENT = Recovery(30.0)   # fencing takes its time
NODES = ("ctl1", "ctl2", "ctl3")


class OneAtATime:
    """Settings of another layer whose pattern is active-passive."""

    pattern = "active-passive"

    def __init__(self, vip: str) -> None:
        self.vip = vip


def make_group(services: tuple[str, ...] = ALL, *, one_database: bool = False) -> Site:
    spec = ApiSpec(services=services, pattern="active-passive")   # type: ignore[arg-type]
    cluster = make_cluster(spec, ("host", "membership", "database", "messaging", "loadbalancer"))
    vips = {**cluster.vips, "api": Vip("api", API_VIP, "management"),
            "mysql": Vip("mysql", IPv4Address("192.168.42.104"), "management"),
            "rabbitmq": Vip("rabbitmq", IPv4Address("192.168.42.102"), "management")}
    others = {"database": OneAtATime("mysql"), "messaging": OneAtATime("rabbitmq")} if one_database else {}
    return make_site(replace(cluster, vips=vips, layers={**cluster.layers, **others}, recovery=PATIENT))


@pytest.fixture
def site() -> Site:
    return make_group()


def text(site: Site, path: str, node: str = "ctl2") -> str:
    (found,) = [item for item in LAYER.contribute(site).files[node] if item.path == path]
    return found.content.decode()


def test_the_resources_are_those_of_the_guide_without_what_is_gone(site: Site) -> None:
    resources = site.exchange.service_resources
    assert [item.id for item in resources.primitives] == [
        "p_ip_api", "p_keystone", "p_glance-api", "p_cinder-api", "p_neutron-server",
        "p_ceilometer-agent-central"]
    assert [item.agent for item in resources.primitives[1:]] == [
        "ocf:openstack:keystone", "ocf:openstack:glance-api", "ocf:openstack:cinder-api",
        "ocf:openstack:neutron-server", "ocf:openstack:ceilometer-agent-central"]


def test_all_are_with_the_address_and_after_it_and_keystone_is_first_of_those_that_start(site: Site) -> None:
    resources = site.exchange.service_resources
    services = [item.id for item in resources.primitives[1:]]
    assert resources.groups == ()
    assert [(each.resource, each.with_resource, each.score) for each in resources.colocations] == [
        (name, "p_ip_api", "INFINITY") for name in services]
    orders = {(each.first, each.then): each.kind for each in resources.orders}
    assert orders == {**{("p_ip_api", name): "Mandatory" for name in services},
                      **{("p_keystone", name): "Optional" for name in services[1:]}}


def test_nothing_of_it_is_behind_the_load_balancer_or_started_by_systemd(site: Site) -> None:
    assert site.exchange.listeners == ()
    assert LAYER.contribute(site).services == ()
    for service in chosen(site.cluster):
        for unit in service.units:
            document = systemd.parse(text(site, f"/etc/systemd/system/{unit}"))
            assert [section.name for section in document.sections] == ["Unit", "Service"]
            assert "Restart" not in {entry.key for entry in document.sections[1].entries}


def test_no_secret_is_in_the_configuration_of_the_cluster(site: Site) -> None:
    written = cib.emit(Configuration(resources=site.exchange.service_resources))
    assert "p_keystone" in written
    assert not [name for name, value in site.secrets.items() if value in written]


def test_every_service_listens_on_the_vip_and_reaches_the_others_there(site: Site) -> None:
    assert f"http-socket = {API_VIP}:5000" in text(site, "/etc/keystone/fournines-uwsgi.ini")
    assert f"http-socket = {API_VIP}:8776" in text(site, "/etc/cinder/fournines-uwsgi.ini")
    assert f"http-socket = {API_VIP}:9696" in text(site, "/etc/neutron/fournines-uwsgi.ini")
    assert f"bind_host = {API_VIP}" in text(site, "/etc/glance/glance-api.conf")
    for path in ("/etc/glance/glance-api.conf", "/etc/cinder/cinder.conf", "/etc/neutron/neutron.conf",
                 "/etc/ceilometer/ceilometer.conf"):
        assert f"auth_url = http://{API_VIP}:5000/v3" in text(site, path)
    assert text(site, "/etc/neutron/neutron.conf", "ctl1") == text(site, "/etc/neutron/neutron.conf", "ctl2")


def test_of_neutron_each_process_serves_one_request_at_a_time(site: Site) -> None:
    """It brings locks that two threads cannot wait for."""
    def told(service: str) -> set[str]:
        return {*text(site, f"/etc/{service}/fournines-uwsgi.ini").splitlines()}

    assert {"threads = 1", "processes = 4"} <= told("neutron")
    assert {"threads = 8", "processes = 2"} <= told("keystone") & told("cinder")


def test_the_one_database_and_the_one_broker_are_at_their_own_vips() -> None:
    site = make_group(one_database=True)
    config = text(site, "/etc/cinder/cinder.conf")
    assert "@192.168.42.104:3306/cinder" in config
    assert "wsrep" not in config
    assert "@192.168.42.102:5672/" in config
    assert "rabbit_quorum_queue" not in config
    (migrate,) = [step for step in procedures.steps(site) if step.name == "api: migrate the schema of cinder"]
    (command,) = migrate.do["ctl1"]
    assert isinstance(command, Run)
    assert "@192.168.42.104:3306/cinder" in command.env["OS_DATABASE__CONNECTION"]


def test_the_agents_are_shipped_for_the_services_that_run(site: Site) -> None:
    paths = {item.path for item in LAYER.contribute(make_group(("keystone",))).files["ctl1"]}
    agents = {path for path in paths if path.startswith("/usr/lib/ocf/resource.d/")}
    assert agents == {"/usr/lib/ocf/resource.d/openstack/keystone"}
    assert "/usr/lib/ocf/lib/openstack/fournines/ocf/agents/keystone.py" in paths
    every = {item.path for item in LAYER.contribute(site).files["ctl1"]}
    assert {f"/usr/lib/ocf/resource.d/openstack/{service.agent}" for service in chosen(site.cluster)} <= every


def test_tables_and_the_administrator_come_before_the_first_start_and_records_after(site: Site) -> None:
    steps = {step.name: step for step in procedures.steps(site)}
    assert set(site.exchange.before_service_resources) == {
        "api: leave the services to Pacemaker", procedures.BOOTSTRAP,
        *(f"api: migrate the schema of {name}" for name in ("keystone", "glance", "cinder", "neutron"))}
    assert set(site.exchange.before_service_resources) <= set(steps)
    assert steps[procedures.RECORD].needs == (LOAD_SERVICES,)


def placed(**where: str) -> Snapshot:
    """Where each node says that p_keystone runs."""
    nodes = {node: Placements(**{name: value for name, value in {
        "node": node, "quorate": True, "dc": "ctl1", "online": NODES, "offline": (),
        "placed": tuple(Placed("p_keystone", holder, "Started") for holder in said.split())}.items()
        if name in Placements.__dataclass_fields__}) for node, said in where.items()}
    return Snapshot({node: {RESOURCES: value} for node, value in nodes.items()}, {})


@pytest.mark.parametrize(("holders", "holds"), [("ctl2", True), ("", False), ("ctl1 ctl2", False)])
def test_a_service_that_runs_nowhere_or_twice_is_found(site: Site, holders: str, holds: bool) -> None:
    (once,) = [item for item in health.invariants(site) if item.name == "exactly one node runs keystone"]
    assert once.holds.judge(placed(ctl1=holders, ctl2=holders, ctl3=holders), "ctl1").truth is holds


def test_each_service_is_started_anew_with_all_its_files(site: Site) -> None:
    steps = {step.name: step for step in procedures.steps(site)}
    probes = {probe.name: probe for probe in health.probes(site)}
    for service in chosen(site.cluster):
        assert steps[f"api: restart p_{service.agent}"].needs == (LOAD_SERVICES,)
        asked = probes[f"api.configuration.{service.name}"].requests["ctl2"]
        assert isinstance(asked, Run)
        units, *files = asked.argv[4:]
        assert units.split() == list(service.units)
        assert files == [item.path for item in service.files(site, site.cluster.node("ctl2"))]


def test_what_the_probes_answer_is_read() -> None:
    assert parse_boot({"a.service": {"enabled": "enabled"}, "b.service": {"enabled": "static"},
                             "c.service": {"enabled": "disabled"}}) == Boot(("a.service",))


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(Wrong, match="may run on one node only"):
        ApiSpec(services=("keystone", "ceilometer-central"))
    spec = ApiSpec(pattern="active-passive")
    without = make_cluster(spec, ("database", "loadbalancer"))
    lost = make_cluster(ApiSpec(pattern="active-passive", vip="public"), ("database", "membership"))
    for cluster, said in ((without, "needs the layer membership"), (lost, "no such VIP")):
        with pytest.raises(ClusterFileError) as refused:
            make_site(replace(cluster, recovery=PATIENT))
        assert [said in finding.summary for finding in refused.value.findings] == [True]
