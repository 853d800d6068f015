"""The BMC's service on the loopback: real TLS and HTTP, machines that only remember what was done to them."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import httpx
import pytest

from fournines.errors import LabError
from fournines.lab.authority import make_authority
from fournines.lab.bmc import USER, Bmc, PowerAction
from fournines.lab.bmc_server import Handler, Server, Service
from fournines.lab.driver import Power
from fournines.lab.layout import Driver, Layout, Made
from fournines.lab.places import LabPlaces, Places
from fournines.lab.redfish import system_uri

LOOPBACK = "127.0.0.1"
RESET = f"{system_uri('ctl1')}/Actions/ComputerSystem.Reset"


class Switch:
    """A machine that only has its power."""

    firmware_s = 0.05

    def __init__(self) -> None:
        self.power = Power.ON
        self.stuck = False
        self.booted = threading.Event()

    def enter_firmware(self) -> str:
        self.power = Power.STARTING
        return "1"

    def boot(self, start: str) -> None:
        assert start == "1"
        self.booted.set()

    def power_off(self) -> None:
        if self.stuck:
            raise LabError("ctl1 survives being killed")
        self.power = Power.OFF

    shut_down = power_off


@pytest.fixture
def switch(monkeypatch: pytest.MonkeyPatch) -> Switch:
    made = Switch()
    monkeypatch.setattr(Layout, "machine", lambda *_: made)
    return made


@pytest.fixture
def bmc(tmp_path: Path) -> Bmc:
    made = Bmc(Places(tmp_path / "images", tmp_path), LabPlaces(tmp_path), IPv4Address(LOOPBACK))
    made.prepare()
    return made


@pytest.fixture
def url(bmc: Bmc, switch: Switch, tmp_path: Path) -> Iterator[str]:
    layout = Layout("small", "abc", "", ("management",), {"ctl1": Made(Driver.NSPAWN, {}, {})})
    service = Service(tmp_path, LabPlaces(tmp_path), layout)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bmc.places.certificate, bmc.places.key)
    listening = socket.create_server((LOOPBACK, 0))
    server = Server(listening, context, type("TestHandler", (Handler,), {"service": service}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"https://{LOOPBACK}:{listening.getsockname()[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def agent(bmc: Bmc, url: str) -> Iterator[httpx.Client]:
    """Who trusts the lab's authority and has the password."""
    trust = ssl.create_default_context(cadata=bmc.authority)
    trust.verify_flags |= ssl.VERIFY_X509_STRICT   # as newer Pythons do by themselves
    with httpx.Client(base_url=url, verify=trust, auth=(USER, bmc.password)) as client:
        yield client


def test_power_follows_what_is_asked_and_each_action_is_noted(agent: httpx.Client, bmc: Bmc,
                                                             switch: Switch) -> None:
    assert agent.get(system_uri("ctl1")).json()["PowerState"] == "On"

    assert agent.post(RESET, json={"ResetType": "ForceOff"}).status_code == 204

    assert switch.power is Power.OFF
    assert agent.get(system_uri("ctl1")).json()["PowerState"] == "Off"
    assert agent.post(RESET, json={"ResetType": "ForceRestart"}).status_code == 204
    assert switch.power is Power.STARTING
    assert agent.get(system_uri("ctl1")).json()["PowerState"] == "On"
    assert switch.booted.wait(10)
    noted: list[PowerAction] = list(bmc.actions())
    assert [(each.by, each.node, each.asked, each.outcome) for each in noted] == [
        (LOOPBACK, "ctl1", "ForceOff", "off"), (LOOPBACK, "ctl1", "ForceRestart", "starting")]
    assert noted[0].at < noted[1].at
    assert noted[0].at.tzinfo is not None


def test_an_action_that_fails_is_said_to_the_agent_and_noted(agent: httpx.Client, bmc: Bmc,
                                                            switch: Switch) -> None:
    switch.stuck = True

    failed = agent.post(RESET, json={"ResetType": "ForceOff"})

    assert failed.status_code == 500
    assert "survives" in failed.json()["error"]["message"]
    assert bmc.actions()[0].outcome == "ctl1 survives being killed"
    assert agent.get(system_uri("ctl1")).json()["PowerState"] == "On"


@pytest.mark.parametrize("auth", [None, (USER, ""), (USER, "guess"), ("root", "guess")])
def test_without_the_password_nothing_is_said_or_done(agent: httpx.Client, bmc: Bmc, switch: Switch,
                                                      auth: tuple[str, str] | None) -> None:
    agent.auth = auth

    answers = [agent.get(system_uri("ctl1")), agent.post(RESET, json={"ResetType": "ForceOff"})]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert "PowerState" not in answers[0].text
    assert switch.power is Power.ON
    assert bmc.actions() == ()
    assert agent.get("/redfish/v1").status_code == 200


def test_who_trusts_another_authority_does_not_talk_to_it(url: str) -> None:
    other = make_authority("another lab", IPv4Address(LOOPBACK)).authority.decode()

    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        httpx.get(url, verify=ssl.create_default_context(cadata=other))


def test_who_connects_and_says_nothing_holds_up_nobody(agent: httpx.Client, url: str) -> None:
    with socket.create_connection((LOOPBACK, int(url.rpartition(":")[2]))):
        assert agent.get(system_uri("ctl1")).status_code == 200


def test_a_body_that_is_too_large_is_not_read(agent: httpx.Client) -> None:
    assert agent.post(RESET, content=b"x" * (65 << 10)).status_code == 400


def test_secrets_are_for_root_alone_and_every_lab_has_its_own(bmc: Bmc, tmp_path: Path) -> None:
    for secret in (bmc.places.password, bmc.places.key):
        assert secret.stat().st_mode & 0o777 == 0o600
    before = bmc.password
    assert len(before) >= 32

    bmc.prepare()

    assert bmc.password != before
    assert not bmc.running


def test_a_lab_that_is_not_up_has_no_password(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="is not up"):
        _ = Bmc(Places(), LabPlaces(tmp_path / "none"), IPv4Address(LOOPBACK)).password


def test_a_broken_connection_is_one_line(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_connection((LOOPBACK, int(url.rpartition(":")[2]))) as link:
        link.sendall(b"GET / HTTP/1.0\r\n\r\n")   # no TLS
        link.settimeout(10.0)
        while link.recv(4096):
            pass

    said = capfd.readouterr().err
    assert json.dumps(LOOPBACK).strip('"') in said
    assert "Traceback" not in said
