"""Whose files are judged although a program of that name runs nowhere, and whose are not."""

from __future__ import annotations

import pytest

from .planting import cloud

SSH = "Id=ssh.service\nActiveState=active\n"


def asleep(texts: dict[str, str]) -> set[tuple[str, str]]:
    return {(each.file.node, each.program) for each in cloud(texts).asleep}


def test_without_a_word_from_systemd_every_file_is_judged() -> None:
    assert asleep({"nova": "", "haproxy": ""}) == set()


def test_a_program_that_nothing_starts_is_asleep_on_every_node() -> None:
    assert asleep({"nova": "", "units": SSH, "ctl2 nova": "", "ctl2 units": SSH}) == {
        ("ctl1", "nova"), ("ctl2", "nova")}


@pytest.mark.parametrize("unit", [
    "Id=nova-api.service\nActiveState=active\n",
    "Id=openstack-nova-api.service\nActiveState=failed\n",
    "Id=nova-api.service\nActiveState=inactive\nUnitFileState=enabled\n",
    "Id=apache2.service\nActiveState=active\n",    # which may have the API below it
    "Id=docker.service\nActiveState=active\n",     # whose containers may have anything
])
def test_what_runs_or_may_run_on_one_node_is_awake_on_all(unit: str) -> None:
    assert asleep({"nova": "", "units": SSH, "ctl2 nova": "", "ctl2 units": f"{SSH}\n{unit}"}) == set()


def test_what_is_to_start_at_the_next_boot_is_awake() -> None:
    texts = {"my.cnf": "", "units": SSH}
    assert asleep(texts) == {("ctl1", "mysql")}
    assert asleep({**texts, "wants-mariadb": ""}) == set()


def test_one_node_without_a_word_leaves_all_awake() -> None:
    assert asleep({"nova": "", "units": SSH, "ctl2 nova": ""}) == set()


@pytest.mark.parametrize("kind", ["nova", "corosync"])
def test_what_pacemaker_manages_is_awake(kind: str) -> None:
    managed = "primitive p_nova ocf:openstack:nova-api\n"
    assert asleep({kind: "", "units": SSH, "crm": managed}) == set()
    assert asleep({"haproxy": "", "units": SSH, "crm": managed}) == {("ctl1", "haproxy")}


def test_a_file_is_one_programs() -> None:
    """A file of HAProxy's may have a service's name, and what the service is then does not matter."""
    haproxy = "Id=haproxy.service\nActiveState=active\n"
    assert asleep({"haproxy-pem": "", "units": SSH}) == {("ctl1", "haproxy")}
    assert asleep({"haproxy-pem": "", "units": haproxy}) == set()
