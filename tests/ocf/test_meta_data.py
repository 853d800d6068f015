"""What the agents say of themselves."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from lxml import etree

from ocf.conftest import AGENTS, Node

GUIDE = {
    "keystone": {"config", "os_password", "os_username", "os_tenant_name", "os_auth_url"},
    "glance-api": {"config", "os_password", "os_username", "os_tenant_name", "os_auth_url"},
    "cinder-api": {"config", "os_password", "os_username", "os_tenant_name", "keystone_get_token_url"},
    "neutron-server": {"os_password", "os_username", "os_tenant_name", "keystone_get_token_url"},
    "ceilometer-agent-central": {"config"},
    "neutron-linuxbridge-agent": {"config", "plugin_config"},
    "neutron-agent-l3": {"config", "plugin_config"},
    "neutron-agent-dhcp": {"config", "plugin_config"},
    "neutron-metadata-agent": {"config", "plugin_config"},
    "mariadb": {"config", "socket", "answer_within"},
    "rabbitmq": {"config", "address", "port", "answer_within"},
}
DTD = Path("/usr/share/resource-agents/ra-api-1.dtd")


@pytest.mark.parametrize("agent", AGENTS)
def test_meta_data_names_actions_and_the_parameters_of_the_guide(node: Node, agent: str) -> None:
    said = node.run(agent, "meta-data")
    root = etree.fromstring(said.out.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    assert (said.code, said.err) == (0, "")
    assert root.get("name") == agent
    assert {action.get("name") for action in root.iter("action")} == {
        "start", "stop", "monitor", "status", "validate-all", "meta-data"}
    assert all(re.fullmatch(r"\d+s", action.get("timeout", "")) for action in root.iter("action"))
    assert {parameter.get("name") for parameter in root.iter("parameter")} >= GUIDE[agent]


@pytest.mark.parametrize("agent", AGENTS)
def test_meta_data_is_valid_by_the_dtd_of_resource_agents(node: Node, agent: str) -> None:
    if not DTD.exists() or not shutil.which("xmllint"):
        pytest.skip("needs the packages resource-agents and libxml2-utils")
    said = node.run(agent, "meta-data")
    judged = subprocess.run(["xmllint", "--nonet", "--noout", "--valid", "-"], input=said.out, text=True,
                            cwd=DTD.parent, capture_output=True, check=False)
    assert (judged.returncode, judged.stderr) == (0, "")


@pytest.mark.parametrize("agent", AGENTS)
def test_an_action_that_is_not_there_is_unimplemented(node: Node, agent: str) -> None:
    for action in ("promote", "demote", "notify", "migrate_to", "reload", "nonsense"):
        assert node.run(agent, action).code == 3
