"""The agents of services that work by messages, run on small real services with a small real broker."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocf.conftest import Node, Services, SmallService

OK, GENERIC, INSTALLED, NOT_RUNNING = 0, 1, 5, 7
PROGRAMS = {"neutron-linuxbridge-agent": "neutron-linuxbridge-agent",
            "neutron-agent-l3": "neutron-l3-agent", "neutron-agent-dhcp": "neutron-dhcp-agent",
            "neutron-metadata-agent": "neutron-metadata-agent",
            "ceilometer-agent-central": "ceilometer-polling"}
NETWORK = [agent for agent in PROGRAMS if agent.startswith("neutron")]
Given = dict[str, object]


class Broker:
    """Answers a client's greeting as RabbitMQ does, and keeps its connections."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._links: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            self._links.append(link)
            threading.Thread(target=self._greet, args=(link,), daemon=True).start()

    @staticmethod
    def _greet(link: socket.socket) -> None:
        try:
            if link.recv(8).startswith(b"AMQP"):
                link.sendall(b"\x01\x00\x00")
        except OSError:
            pass

    def drop(self) -> None:
        """Every connection there is."""
        for link in self._links:
            with contextlib.suppress(OSError):   # the other side may have been faster
                link.shutdown(socket.SHUT_RDWR)   # at once, though a thread waits for more
            link.close()
        self._links.clear()

    def close(self) -> None:
        if self._listener.fileno() >= 0:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._thread.join()   # a connection made at the last moment is among those to drop
        self.drop()


@pytest.fixture
def broker() -> Iterator[Broker]:
    made = Broker()
    yield made
    made.close()


def given(folder: Path, service: SmallService, broker: Broker, silent_for: float = 1.0) -> Given:
    config, plugin = folder / "neutron.conf", folder / "plugin.ini"
    config.write_text(f"[DEFAULT]\ntransport_url = rabbit://n:p@127.0.0.1:{broker.port}/\n"
                      f"metadata_proxy_socket = {service.folder}/socket\n")
    plugin.write_text("[DEFAULT]\n")
    return {"config": config, "plugin_config": plugin, "unit": service.unit, "silent_for": silent_for}


def settled(node: Node, agent: str, wanted: int, parameters: Given, within_s: float = 30.0) -> str:
    """What the agent says once its monitor ends with that code; the last that it said otherwise."""
    end = time.monotonic() + within_s
    while (said := node.run(agent, "monitor", **parameters)).code != wanted:
        assert time.monotonic() < end, f"{agent}: not {wanted} but {said}"
        time.sleep(0.2)
    return said.err


@pytest.mark.parametrize("agent", PROGRAMS)
def test_a_whole_life(node: Node, services: Services, tmp_path: Path, broker: Broker, agent: str) -> None:
    service = services.make(program=PROGRAMS[agent], port=False, broker=broker.port)
    parameters = given(tmp_path, service, broker)
    assert node.run(agent, "validate-all", **parameters).code == OK
    assert node.run(agent, "monitor", **parameters).code == NOT_RUNNING
    assert node.run(agent, "stop", **parameters).code == OK
    assert node.run(agent, "start", **parameters).code == OK
    assert node.run(agent, "start", **parameters).code == OK
    for _ in range(4):   # over more than the time after which one that does nothing would have failed
        assert node.run(agent, "monitor", **parameters).code == OK
        time.sleep(0.5)
    assert node.run(agent, "stop", **parameters).code == OK
    assert service.pids == []
    assert node.run(agent, "stop", **parameters).code == OK
    assert node.run(agent, "monitor", **parameters).code == NOT_RUNNING


@pytest.mark.parametrize("agent", PROGRAMS)
def test_suspended_is_found_at_the_first_look(node: Node, services: Services, tmp_path: Path, broker: Broker,
                                              agent: str) -> None:
    service = services.make(program=PROGRAMS[agent], port=False, broker=broker.port)
    parameters = given(tmp_path, service, broker, silent_for=1000)
    assert node.run(agent, "start", **parameters).code == OK
    service.tell(signal.SIGSTOP)
    said = node.run(agent, "monitor", **parameters)
    assert (said.code, "suspended" in said.err) == (GENERIC, True)
    assert node.run(agent, "stop", **parameters).code == OK
    assert service.pids == []


@pytest.mark.parametrize("agent", PROGRAMS)
def test_blocked_for_ever_is_found_though_the_process_and_its_connection_are_there(
        node: Node, services: Services, tmp_path: Path, broker: Broker, agent: str) -> None:
    service = services.make(program=PROGRAMS[agent], port=False, broker=broker.port)
    parameters = given(tmp_path, service, broker)
    assert node.run(agent, "start", **parameters).code == OK
    (service.folder / "deadlock").touch()
    assert "has done nothing" in settled(node, agent, GENERIC, parameters)


@pytest.mark.parametrize("agent", NETWORK)
def test_without_its_broker_it_fails_in_time_but_only_while_that_answers(
        node: Node, services: Services, tmp_path: Path, broker: Broker, agent: str) -> None:
    service = services.make(program=PROGRAMS[agent], port=False, broker=broker.port)
    parameters = given(tmp_path, service, broker)
    assert node.run(agent, "start", **parameters).code == OK
    broker.drop()   # the small service does not connect anew
    assert node.run(agent, "monitor", **parameters).code == OK
    assert "no connection to the broker" in settled(node, agent, GENERIC, parameters)
    broker.close()
    assert "no broker answers" in settled(node, agent, OK, parameters)


def test_the_metadata_agent_is_asked_through_its_socket(node: Node, services: Services, tmp_path: Path,
                                                        broker: Broker) -> None:
    agent = "neutron-metadata-agent"
    service = services.make(program=agent, port=False, broker=broker.port)
    parameters = given(tmp_path, service, broker)
    assert node.run(agent, "start", **parameters).code == OK
    service.says("/ 200 everything about everybody")
    said = node.run(agent, "monitor", **parameters)
    assert (said.code, "answered 200 to what it has to refuse" in said.err) == (GENERIC, True)
    service.says("/ 404 who are you")
    assert node.run(agent, "monitor", **parameters).code == OK
    (service.folder / "socket").unlink()
    assert node.run(agent, "monitor", **parameters).code == GENERIC


def test_only_the_agents_own_program_counts_as_running(node: Node, services: Services, tmp_path: Path,
                                                       broker: Broker) -> None:
    service = services.make(program="dnsmasq", port=False)   # what a dead agent leaves in its unit
    node.start(service.unit)
    parameters = given(tmp_path, service, broker)
    assert service.pids
    assert node.run("neutron-agent-dhcp", "monitor", **parameters).code == NOT_RUNNING
    assert node.run("neutron-agent-dhcp", "stop", **parameters).code == OK
    assert service.pids == []


@pytest.mark.parametrize(("alive", "code"), [("true", OK), ("false", GENERIC)])
def test_neutron_is_believed_where_it_answers(node: Node, services: Services, tmp_path: Path, broker: Broker,
                                              alive: str, code: int) -> None:
    agent = services.make(program="neutron-l3-agent", port=False, broker=broker.port)
    cloud = services.make("cloud")
    node.start(cloud.unit)
    password = tmp_path / "password"
    password.write_text("secret\n")
    password.chmod(0o600)
    path = f"/v2.0/agents?binary=neutron-l3-agent&host={os.uname().nodename}&fields=alive"
    cloud.says('/v3/auth/tokens 201 {"token": {"project": {"id": "p"}}}', f'{path} 200 {{"agents": []}}')
    parameters = {**given(tmp_path, agent, broker), "os_username": "neutron", "os_password_file": password,
                  "os_tenant_name": "service", "os_auth_url": cloud.url, "neutron_url": cloud.url}
    assert node.run("neutron-agent-l3", "start", **parameters).code == OK   # not reported yet: no verdict
    cloud.says('/v3/auth/tokens 201 {"token": {"project": {"id": "p"}}}',
               f'{path} 200 {{"agents": [{{"alive": {alive}}}]}}')
    assert node.run("neutron-agent-l3", "monitor", **parameters).code == code
    cloud.says("/v3/auth/tokens 503 no")
    said = node.run("neutron-agent-l3", "monitor", **parameters)
    assert (said.code, "Neutron does not say" in said.err) == (OK, True)


def test_the_neutron_server_is_its_api_and_its_rpc_server(node: Node, services: Services, tmp_path: Path,
                                                          broker: Broker) -> None:
    api, rpc = services.make("api"), services.make("rpc", port=False, broker=broker.port)
    api.says('/ 200 {"versions": []}')
    parameters = {**given(tmp_path, api, broker), "unit": f"{api.unit} {rpc.unit}", "url": api.url}
    assert node.run("neutron-server", "monitor", **parameters).code == NOT_RUNNING
    assert node.run("neutron-server", "start", **parameters).code == OK
    assert node.run("neutron-server", "monitor", **parameters).code == OK
    api.says("/ 500 no")
    assert node.run("neutron-server", "monitor", **parameters).code == GENERIC
    api.says('/ 200 {"versions": []}')
    (rpc.folder / "deadlock").touch()
    assert "has done nothing" in settled(node, "neutron-server", GENERIC, parameters)
    rpc.tell(signal.SIGKILL)
    assert "not running, though" in settled(node, "neutron-server", GENERIC, parameters)
    assert node.run("neutron-server", "stop", **parameters).code == OK
    assert (api.pids, rpc.pids) == ([], [])
    assert node.run("neutron-server", "monitor", **parameters).code == NOT_RUNNING
