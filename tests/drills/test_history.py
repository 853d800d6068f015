"""The history survives whatever happens to its writer, and says no more than it knows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.drills import history
from fournines.drills.history import HistoryWriter, completed, from_events, invoked
from fournines.drills.operation import History, Operation, Outcome

seconds = st.floats(0, 1e6)


@st.composite
def operations(draw: st.DrawFn) -> list[Operation]:
    count = draw(st.integers(0, 20))
    return [Operation(draw(st.sampled_from(["SQL", "AMQP"])), "insert", number, str(number), draw(seconds),
                      draw(st.none() | seconds), draw(seconds), draw(st.sampled_from(Outcome)),
                      draw(st.sampled_from(["", "commit: 2013"]))) for number in range(count)]


@given(operations())
def test_what_is_written_is_read(done: list[Operation]) -> None:
    events = [event for item in done for event in (invoked(item), completed(item))]
    assert sorted(from_events(events).operations, key=lambda item: item.number) == done


def test_an_invocation_that_never_ended_is_unknown(tmp_path: Path) -> None:
    begun = Operation("SQL", "insert", 1, "v1", 5.0, None, None, Outcome.UNKNOWN)
    with HistoryWriter(tmp_path / "h") as writer:
        writer.write(invoked(begun))
    (operation,) = history.read(tmp_path / "h").operations
    assert (operation.outcome, operation.done_s, operation.error) == (Outcome.UNKNOWN, None, "never ended")


def test_consumers_and_drains() -> None:
    events = [{"event": "received", "path": "AMQP", "value": value} for value in ("a", "b", "a")]
    found = from_events([*events, {"event": "drained", "path": "AMQP", "empty": True}, {"event": "ready"}])
    assert found == History((), {"AMQP": ("a", "b", "a")}, {"AMQP": True})


def test_a_torn_end_is_left_out_and_a_torn_middle_is_not(tmp_path: Path) -> None:
    good = b'{"event":"received","path":"A","value":"1"}\n'
    (tmp_path / "h").write_bytes(good + good[:-7])
    assert history.read(tmp_path / "h").received == {"A": ("1",)}
    for line in (b"{\n", b"[]\n"):
        (tmp_path / "h").write_bytes(line + good)
        with pytest.raises(ValueError, match="line 1 of the history"):
            history.read(tmp_path / "h")


def test_a_killed_writer_leaves_what_it_has_written(tmp_path: Path) -> None:
    program = ("import sys; from pathlib import Path; from fournines.drills.history import HistoryWriter\n"
               "w = HistoryWriter(Path(sys.argv[1]))\n"
               "for n in range(100): w.write({'event': 'received', 'path': 'A', 'value': str(n)})\n"
               "print('written', flush=True); sys.stdin.read()")
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "h")], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        os.kill(process.pid, signal.SIGKILL)
    assert history.read(tmp_path / "h").received == {"A": tuple(map(str, range(100)))}
