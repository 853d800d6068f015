"""The agents of the APIs, run on small real services: every answer that Pacemaker can get."""

from __future__ import annotations

import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from ocf.conftest import Node, Services, SmallService

VERSIONS = {"keystone": '/v3 200 {"version": {"id": "v3.14"}}', "glance-api": '/ 300 {"versions": []}',
            "cinder-api": '/ 300 {"versions": []}'}
OK, GENERIC, PERM, INSTALLED, CONFIGURED, NOT_RUNNING = 0, 1, 4, 5, 6, 7
Given = dict[str, object]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "service.conf"
    path.write_text("[DEFAULT]\n")
    return path


def given(service: SmallService, config: Path) -> Given:
    return {"unit": service.unit, "url": service.url, "config": config, "answer_within": 2}


@pytest.mark.parametrize("agent", VERSIONS)
def test_a_whole_life(node: Node, services: Services, config: Path, agent: str) -> None:
    service = services.make()
    service.says(VERSIONS[agent])
    parameters = given(service, config)
    assert node.run(agent, "monitor", **parameters).code == NOT_RUNNING
    assert node.run(agent, "stop", **parameters).code == OK
    assert node.run(agent, "start", **parameters).code == OK
    first = service.pids
    assert first
    assert node.run(agent, "start", **parameters).code == OK
    assert service.pids == first
    assert node.run(agent, "monitor", **parameters).code == OK
    assert node.run(agent, "status", **parameters).code == OK
    assert node.run(agent, "stop", **parameters).code == OK
    assert service.pids == []
    assert node.run(agent, "stop", **parameters).code == OK
    assert node.run(agent, "monitor", **parameters).code == NOT_RUNNING


@pytest.mark.parametrize("agent", VERSIONS)
@pytest.mark.parametrize(("answer", "seen"), [
    ("{path} 500 {body}", "answered 500"),
    ("{path} 200 <html>It works!</html>", "not with the versions"),
    ("/elsewhere 200 {body}", "answered 404"),
])
def test_a_wrong_answer_is_found(node: Node, services: Services, config: Path, agent: str, answer: str,
                                 seen: str) -> None:
    service = services.make()
    service.says(VERSIONS[agent])
    assert node.run(agent, "start", **given(service, config)).code == OK
    path, _, body = VERSIONS[agent].split(" ", 2)
    service.says(answer.format(path=path, body=body))
    found = node.run(agent, "monitor", **given(service, config))
    assert found.code == GENERIC
    assert "ocf-exit-reason:" in found.err
    assert seen in found.err


@pytest.mark.parametrize("agent", VERSIONS)
def test_a_hung_service_is_found_and_can_be_stopped(node: Node, services: Services, config: Path,
                                                    agent: str) -> None:
    service = services.make()
    service.says(VERSIONS[agent])
    assert node.run(agent, "start", **given(service, config)).code == OK
    service.tell(signal.SIGSTOP)
    found = node.run(agent, "monitor", **given(service, config))
    assert found.code == GENERIC
    assert "suspended" in found.err
    assert node.run(agent, "stop", **given(service, config)).code == OK
    assert service.pids == []


def test_a_service_that_is_silent_though_its_processes_run_is_found(node: Node, services: Services,
                                                                    config: Path) -> None:
    service = services.make(port=False)
    with socket.create_server(("127.0.0.1", service.port)):   # connects, and says nothing
        node.start(service.unit)
        found = node.run("keystone", "monitor", **given(service, config))
    assert found.code == GENERIC
    assert "no whole answer within 2 s" in found.err


def test_a_service_that_trickles_is_found_in_time(node: Node, services: Services, config: Path) -> None:
    service = services.make(port=False)
    node.start(service.unit)
    over = threading.Event()

    def trickle(server: socket.socket) -> None:
        link, _ = server.accept()
        with link:
            link.settimeout(1.0)
            while not over.wait(0.2):
                try:
                    link.sendall(b"H")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", service.port)) as server:
        thread = threading.Thread(target=trickle, args=(server,))
        thread.start()
        began = time.monotonic()
        found = node.run("keystone", "monitor", **given(service, config))
        took_s = time.monotonic() - began
        over.set()
        thread.join()
    assert found.code == GENERIC
    assert took_s < 20   # the trickle would last for ever; 2 s are given


def test_another_service_at_the_address_does_not_make_this_one_run(node: Node, services: Services,
                                                                   config: Path) -> None:
    elsewhere, here = services.make("elsewhere"), services.make("here")
    elsewhere.says(VERSIONS["keystone"])
    assert node.run("keystone", "start", **given(elsewhere, config)).code == OK
    parameters = {**given(here, config), "url": elsewhere.url}   # as with a VIP that another node holds
    assert node.run("keystone", "monitor", **parameters).code == NOT_RUNNING


def test_a_service_that_ends_at_once_fails_to_start_without_waiting(node: Node, services: Services,
                                                                    config: Path) -> None:
    service = services.make()
    (service.folder / "port").write_text("no port")
    began = time.monotonic()
    ended = node.run("keystone", "start", timeout_s=50, **given(service, config))
    assert ended.code == GENERIC
    assert "ended after its start" in ended.err
    assert time.monotonic() - began < 30


def test_a_service_that_ignores_sigterm_is_killed_before_pacemaker_gives_up(
        node: Node, services: Services, config: Path) -> None:
    service = services.make(obstinate=True, stop_s=3600)
    service.says(VERSIONS["keystone"])
    assert node.run("keystone", "start", **given(service, config)).code == OK
    assert node.run("keystone", "stop", timeout_s=5, **given(service, config)).code == OK
    assert service.pids == []


def test_what_is_missing_on_this_node_is_said_and_is_no_error_to_a_probe(
        node: Node, services: Services, tmp_path: Path, config: Path) -> None:
    service = services.make()
    without_unit = node.run("keystone", "validate-all", config=config, unit="no-such-unit-here")
    without_file = node.run("keystone", "validate-all", config=tmp_path / "none", unit=service.unit)
    assert (without_unit.code, without_file.code) == (INSTALLED, INSTALLED)
    assert "no systemd unit no-such-unit-here.service" in without_unit.err
    assert "no configuration file" in without_file.err
    assert node.run("keystone", "start", config=config, unit="no-such-unit-here").code == INSTALLED
    probe = node.run("keystone", "monitor", interval_s=0, config=config, unit="no-such-unit-here")
    assert (probe.code, probe.err) == (NOT_RUNNING, "")
    assert node.run("keystone", "stop", config=config, unit="no-such-unit-here").code == OK


@pytest.mark.parametrize("wrong", [
    {"url": "https://127.0.0.1:5000"}, {"url": "127.0.0.1:5000"}, {"answer_within": "soon"},
    {"os_username": "admin"}, {"os_username": "admin", "os_password_file": "/f", "os_tenant_name": "admin"},
])
def test_parameters_that_cannot_work_are_refused_everywhere(node: Node, services: Services, config: Path,
                                                            wrong: Given) -> None:
    service = services.make()
    said = node.run("glance-api", "validate-all", **{**given(service, config), **wrong})
    assert said.code == CONFIGURED
    assert "ocf-exit-reason:" in said.err


def test_the_place_is_read_from_the_configuration(node: Node, services: Services, tmp_path: Path) -> None:
    service = services.make()
    service.says(VERSIONS["glance-api"])
    config = tmp_path / "glance-api.conf"
    config.write_text(f"[DEFAULT]\n# bind_port = 1\nbind_host = 127.0.0.1\nbind_port = {service.port}\n"
                      "[other]\nbind_port = 2\n")
    assert node.run("glance-api", "start", unit=service.unit, config=config).code == OK
    assert node.run("glance-api", "monitor", unit=service.unit, config=config).code == OK
