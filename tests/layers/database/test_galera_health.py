"""The health endpoint: whom it lets through, and that it answers when mariadbd does not."""

from __future__ import annotations

import http.client
import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from fournines.layers.database.node import galera_health
from fournines.layers.database.node.galera_health import Observation, Observer, Settings, verdict

SETTINGS = Settings("ctl1", "127.0.0.1", 0, "/nowhere/mysqld.sock", "fournines-health", poll_s=0.01,
                    stale_after_s=0.2, frozen_s=1.5, settle_s=6.0, serve_as_donor=True)
SYNCED = {"wsrep_cluster_status": "Primary", "wsrep_ready": "ON", "wsrep_local_state": "4",
          "wsrep_local_state_comment": "Synced", "wsrep_cluster_size": "3", "read_only": "OFF"}


@pytest.mark.parametrize(("difference", "serves"), [
    ({}, True),
    ({"wsrep_local_state": "2", "wsrep_local_state_comment": "Donor/Desynced"}, True),
    ({"wsrep_local_state": "3", "wsrep_local_state_comment": "Joined"}, False),
    ({"wsrep_cluster_status": "non-Primary"}, False),
    ({"wsrep_ready": "OFF"}, False),
    ({"read_only": "ON"}, False),
])
def test_only_a_member_in_step_gets_clients(difference: dict[str, str], serves: bool) -> None:
    assert verdict(Observation(0.0, SYNCED | difference), 0.1, SETTINGS)[0] is serves


def test_a_donor_is_spared_where_the_settings_say_so() -> None:
    donor = Observation(0.0, {**SYNCED, "wsrep_local_state": "2"})
    assert not verdict(donor, 0.1, replace(SETTINGS, serve_as_donor=False))[0]


def test_no_wsrep_at_all_is_no_member() -> None:
    assert verdict(Observation(0.0, {"read_only": "OFF"}), 0.1, SETTINGS) == (
        False, "in no primary component (no wsrep)")


def test_an_old_answer_counts_for_nothing() -> None:
    serves, reason = verdict(Observation(0.0, SYNCED), 0.7, SETTINGS)
    assert not serves
    assert reason == "mariadbd has not answered for 0.7 s"


class Steps:
    """A connection whose answers come at times that the test sets."""

    def __init__(self, clock: list[float], answers: list[float]) -> None:
        self._clock, self._answers = clock, answers

    def status(self) -> dict[str, str]:
        self._clock[0] = self._answers.pop(0)
        return SYNCED


def test_a_member_that_was_frozen_is_believed_only_after_a_while() -> None:
    clock = [0.0]
    connection = Steps(clock, [0.1, 5.0, 5.1])
    observer = Observer(SETTINGS, lambda _: connection, lambda: clock[0])
    observer.observe()
    assert verdict(observer.latest, clock[0], SETTINGS)[0]
    observer.observe()
    assert not verdict(observer.latest, clock[0], SETTINGS)[0]
    observer.observe()
    assert not verdict(observer.latest, clock[0], SETTINGS)[0]
    assert verdict(replace(observer.latest, at=11.1), 11.1, SETTINGS)[0]


def test_the_endpoint_answers_while_mariadbd_hangs() -> None:
    settings = replace(SETTINGS, stale_after_s=0.0)
    observer = Observer(settings)   # asked once at most, and without an answer since
    with galera_health.Server(("127.0.0.1", 0), galera_health.handler(observer, settings)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            port = int(server.server_address[1])
            status, body = _get(port, "/")
            assert status == 503
            assert body.startswith("mariadbd has not answered for")
            status, body = _get(port, "/state")
            assert status == 200
            assert json.loads(body)["serving"] is False
            assert _get(port, "/elsewhere")[0] == 404
        finally:
            server.shutdown()
            thread.join()


def _get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_a_stopped_mariadbd_is_named() -> None:
    def refused(_: Settings) -> galera_health.Connection:
        raise OSError(2003, "Can't connect to MySQL server on 'localhost'")

    observer = Observer(SETTINGS, refused)
    observer.observe()
    assert verdict(observer.latest, observer.latest.at, SETTINGS) == (
        False, "mariadbd does not answer: Can't connect to MySQL server on 'localhost'")


def test_what_a_killed_starter_left_behind_counts_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "waiting.json"
    alive = {"pid": os.getpid(), "pid_started": galera_health.process_started(os.getpid()), "why": "ctl2"}
    path.write_text(json.dumps(alive), encoding="utf-8")
    assert galera_health.waiting(str(path)) == alive
    path.write_text(json.dumps({**alive, "pid_started": "1"}), encoding="utf-8")
    assert galera_health.waiting(str(path)) is None
    path.write_text("{", encoding="utf-8")
    assert galera_health.waiting(str(path)) is None
    assert galera_health.waiting(str(tmp_path / "none")) is None
