from __future__ import annotations

import sys
import time

import pytest

from fournines.errors import CommandFailed
from fournines.lab.process import NOT_FOUND, OUT_OF_TIME, run, run_telling


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_what_a_process_writes_is_handed_back() -> None:
    done = run(python("import sys; print(sys.stdin.read().upper(), end=''); sys.stderr.write('aside')"),
               stdin="words")

    assert (done.output, done.said, done.returncode) == ("WORDS", "aside", 0)


def test_an_exit_code_that_is_not_accepted_is_raised_with_the_last_words() -> None:
    with pytest.raises(CommandFailed) as failed:
        run(python("import sys; sys.exit('no room left')"))

    assert failed.value.returncode == 1
    assert "no room left" in failed.value.message


def test_an_accepted_exit_code_is_an_answer() -> None:
    assert run(python("raise SystemExit(3)"), accept=(0, 3)).returncode == 3
    assert run(python("raise SystemExit(4)"), accept=None).returncode == 4


def test_a_missing_program_says_how_to_get_it() -> None:
    with pytest.raises(CommandFailed) as failed:
        run(["no-such-program-anywhere"])

    assert failed.value.returncode == NOT_FOUND
    assert "lab check" in failed.value.hint


def test_a_process_that_does_not_end_is_ended() -> None:
    with pytest.raises(CommandFailed) as failed:
        run(python("import time; time.sleep(60)"), timeout_s=0.2)

    assert failed.value.returncode == OUT_OF_TIME


def test_lines_are_told_while_the_process_runs() -> None:
    told: list[tuple[str, float]] = []
    run_telling(python("import time; print('one', flush=True); time.sleep(0.3); print('two')"),
                lambda line: told.append((line, time.monotonic())), timeout_s=30.0)

    assert [line for line, _ in told] == ["one", "two"]
    assert told[1][1] > told[0][1]


def test_a_telling_process_that_does_not_end_is_ended_and_says_so() -> None:
    with pytest.raises(CommandFailed, match=r"not finished after 0\.2 s"):
        run_telling(python("import time; time.sleep(60)"), print, timeout_s=0.2)


def test_a_failing_telling_process_is_raised_with_its_last_lines() -> None:
    with pytest.raises(CommandFailed, match="the mirror is gone"):
        run_telling(python("print('the mirror is gone'); raise SystemExit(2)"), lambda line: None,
                    timeout_s=30.0)
