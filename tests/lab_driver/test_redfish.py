from __future__ import annotations

import json

import pytest

from fournines.lab.redfish import DONE, Answer, Reset, ResetType, answer, is_open, system_uri

POWER = {"ctl1": "on", "ctl2": "off", "ctl3": "frozen"}


def get(path: str) -> Answer:
    found = answer("GET", path, b"", POWER)
    assert isinstance(found, Answer)
    return found


def post(path: str, **body: object) -> Answer | Reset:
    return answer("POST", path, json.dumps(body).encode(), POWER)


def test_an_agent_finds_every_machine_from_the_root() -> None:
    root = get("/redfish/v1").data
    assert root is not None
    systems = get(root["Systems"]["@odata.id"]).data
    assert systems is not None

    members = [member["@odata.id"] for member in systems["Members"]]

    assert members == [system_uri(node) for node in POWER]
    assert {get(uri).data["Id"] for uri in members} == set(POWER)
    assert get("/redfish/v1/").data == root   # as the specification writes it


@pytest.mark.parametrize(("node", "state"), [("ctl1", "On"), ("ctl2", "Off"), ("ctl3", "On")])
def test_a_machine_that_hangs_is_on(node: str, state: str) -> None:
    system = get(system_uri(node))

    assert system.status == 200
    assert system.data is not None
    assert system.data["PowerState"] == state


@pytest.mark.parametrize("kind", list(ResetType))
def test_the_action_that_a_machine_names_can_be_asked_for(kind: ResetType) -> None:
    system = get(system_uri("ctl2")).data
    assert system is not None
    action = system["Actions"]["#ComputerSystem.Reset"]

    assert kind in action["ResetType@Redfish.AllowableValues"]
    assert post(action["target"], ResetType=kind.value) == Reset("ctl2", kind)
    assert DONE.status == 204


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"ResetType": "Explode"}', b'{"ResetType": []}',
                                  b"\xff"])
def test_what_is_no_action_changes_nothing_and_is_told_what_is(body: bytes) -> None:
    found = answer("POST", f"{system_uri('ctl1')}/Actions/ComputerSystem.Reset", body, POWER)

    assert isinstance(found, Answer)
    assert found.status == 400
    assert "ForceOff" in str(found.data)


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/redfish/v1/Systems/ctl9", 404), ("GET", "/redfish/v1/Systems/ctl1/x", 404), ("GET", "/", 404),
    ("GET", "/redfish/v1/Systems/ctl1/Actions/ComputerSystem.Reset", 405),
    ("POST", "/redfish/v1/Systems", 405),
    ("POST", "/redfish/v1/Systems/ctl1", 405), ("POST", "/redfish/v1/Systems/ctl9/Actions/x", 404)])
def test_what_is_not_there_is_refused(method: str, path: str, status: int) -> None:
    found = answer(method, path, b'{"ResetType": "On"}', POWER)

    assert isinstance(found, Answer)
    assert found.status == status


def test_without_a_password_one_learns_only_that_there_is_a_service() -> None:
    assert is_open("GET", "/redfish/v1/")
    assert not is_open("GET", "/redfish/v1/Systems")
    assert not is_open("POST", "/redfish/v1")
