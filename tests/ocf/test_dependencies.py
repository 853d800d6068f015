"""Whether a broker answers, asked of one that takes its time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fournines.ocf.dependencies import METHOD_FRAME, PROTOCOL_HEADER, broker_answers

START_FRAME = bytes([METHOD_FRAME])


@contextmanager
def answering(said: bytes, after_s: float) -> Iterator[int]:
    """The port of a server that lets its one client finish, waits, and says that."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(len(PROTOCOL_HEADER))
                time.sleep(after_s)
                connection.sendall(said)

        serving = threading.Thread(target=serve)
        serving.start()
        yield listening.getsockname()[1]
        serving.join()


@pytest.mark.parametrize(("after_s", "within_s", "answers"),
                         [(0.0, 5.0, True), (2.5, 20.0, True), (1.0, 0.2, False)])
def test_how_long_a_broker_may_take_is_for_the_asker_to_say(after_s: float, within_s: float,
                                                            answers: bool) -> None:
    with answering(START_FRAME, after_s) as port:
        assert broker_answers([("127.0.0.1", port)], within_s) is answers


def test_what_speaks_something_else_is_no_broker() -> None:
    with answering(b"H", 0.0) as port:
        assert not broker_answers([("127.0.0.1", port)])
