"""The network controller: on one node, the same name on every node, and nothing of it by itself."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from fournines.artifacts import cib, systemd
from fournines.artifacts.pacemaker import Configuration
from fournines.blueprint.left_alone import parse_boot
from fournines.blueprint.requests import Run
from fournines.blueprint.resources import LOAD_SERVICES
from fournines.cluster.notation import Wrong
from fournines.cluster.timers import derive
from fournines.cluster.topology import Cluster, Network, Node, Recovery, Vip
from fournines.errors import ClusterFileError
from fournines.layers.layer import Site
from fournines.layers.network import LAYER, artifacts
from fournines.layers.network.spec import NetworkSpec


def make_cluster(spec: NetworkSpec | None = None, others: tuple[str, ...] = ("membership", "messaging"),
                 ) -> Cluster:
    nodes = tuple(Node(f"node{number}", {"management": IPv4Address(f"192.168.42.{80 + number}")})
                  for number in (1, 2))
    return Cluster(
        name="demo", release="zed", distro="debian12", recovery=Recovery(30.0),
        networks={"management": Network("management", IPv4Network("192.168.42.0/24"))},
        vips={"internal": Vip("internal", IPv4Address("192.168.42.101"), "management")}, nodes=nodes,
        layers={**dict.fromkeys(others, object()), "network": spec or NetworkSpec()})


def make_site(cluster: Cluster) -> Site:
    timers = derive(cluster)
    exchange = LAYER.exchange(cluster, timers)
    return Site(cluster, timers, {need.name: f"p@$%/{need.name}" for need in exchange.secrets}, exchange)


@pytest.fixture
def site() -> Site:
    return make_site(make_cluster(NetworkSpec(external_interface="eth2")))


def texts(site: Site, node: str) -> dict[str, str]:
    return {item.path: item.content.decode() for item in LAYER.contribute(site).files[node]}


def test_the_agents_are_those_of_the_guide_beside_their_switch(site: Site) -> None:
    resources = site.exchange.service_resources
    switch, *plugged = (item.id for item in resources.primitives)
    assert resources.groups == ()
    assert [(each.resource, each.with_resource, each.score) for each in resources.colocations] == [
        (name, switch, "INFINITY") for name in plugged]
    assert [(each.first, each.then, each.kind) for each in resources.orders] == [
        (switch, name, "Optional") for name in plugged]
    assert {item.id: item.agent for item in resources.primitives} == {
        "p_neutron-linuxbridge-agent": "ocf:openstack:neutron-linuxbridge-agent",
        "p_neutron-l3-agent": "ocf:openstack:neutron-agent-l3",
        "p_neutron-dhcp-agent": "ocf:openstack:neutron-agent-dhcp",
        "p_neutron-metadata-agent": "ocf:openstack:neutron-metadata-agent"}
    for item in resources.primitives:
        assert {"config", "plugin_config"} <= set(item.parameters)


def test_neutron_knows_the_agents_by_one_name_wherever_they_run(site: Site) -> None:
    one, other = texts(site, "node1"), texts(site, "node2")
    assert "host = network-controller" in one[artifacts.CONFIG]
    assert [path for path in one if one[path] != other[path]] == [
        "/etc/neutron/plugins/ml2/linuxbridge_agent.ini"]   # the end of its tunnels is the node's own
    assert "local_ip = 192.168.42.82" in other["/etc/neutron/plugins/ml2/linuxbridge_agent.ini"]
    bridges = one["/etc/neutron/plugins/ml2/linuxbridge_agent.ini"]
    assert "physical_interface_mappings = external:eth2" in bridges


def test_pacemaker_decides_and_its_configuration_has_no_secret(site: Site) -> None:
    written = cib.emit(Configuration(resources=site.exchange.service_resources))
    assert "neutron-agent-l3" in written
    assert not [value for value in site.secrets.values() if value in written]
    assert LAYER.contribute(site).services == ()
    for agent in artifacts.AGENTS:
        document = systemd.parse(texts(site, "node1")[f"/etc/systemd/system/{agent.unit}"])
        assert [section.name for section in document.sections] == ["Unit", "Service"]


def test_every_resource_agent_that_is_named_is_shipped(site: Site) -> None:
    paths = texts(site, "node2")
    for item in site.exchange.service_resources.primitives[1:]:
        assert f"/usr/lib/ocf/resource.d/openstack/{item.agent.rpartition(':')[2]}" in paths


def test_each_agent_is_started_anew_with_the_files_that_it_reads(site: Site) -> None:
    part = LAYER.contribute(site)
    steps = {step.name: step for step in part.steps}
    probes = {probe.name: probe for probe in part.probes}
    assert steps["network: restart p_neutron-l3-agent"].needs == (LOAD_SERVICES,)
    for agent in artifacts.AGENTS:
        assert f"network: restart {agent.resource}" in steps
        asked = probes[f"network.configuration.{agent.name}"].requests[site.controllers[0]]
        assert isinstance(asked, Run)
        assert asked.argv[4:] == (agent.unit, artifacts.CONFIG, agent.config,
                                  f"/etc/systemd/system/{agent.unit}")


def test_what_systemd_says_is_read() -> None:
    a = {"a.service": {"enabled": "static"}}
    assert parse_boot({**a, "b.service": {"enabled": "disabled"}}).left_alone
    assert not parse_boot({**a, "b.service": {"enabled": "enabled"}}).left_alone


@pytest.mark.parametrize("wrong", [{"host": ""}, {"host": "two words"}, {"external_interface": "eth0:1"},
                                   {"external_interface": "much-too-long-name"}])
def test_settings_that_cannot_be_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(Wrong):
        replace(NetworkSpec(), **wrong)


@pytest.mark.parametrize("missing", ["membership", "messaging"])
def test_it_stands_on_membership_and_messaging(missing: str) -> None:
    others = tuple(name for name in ("membership", "messaging") if name != missing)
    with pytest.raises(ClusterFileError) as refused:
        make_site(make_cluster(others=others))
    assert [f"needs the layer {missing}" in finding.summary for finding in refused.value.findings] == [True]
