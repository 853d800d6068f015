"""What a node says of its addresses, and that nothing which happens while it does not speak is missed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.made_up import VIP, Namespace
from fournines.drills import sampler


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Namespace]:
    made = Namespace("sampled", tmp_path)
    yield made
    made.remove()


@pytest.fixture
def sampling(node: Namespace) -> Iterator[subprocess.Popen[bytes]]:
    """A sampler in the namespace, ten times a second."""
    argv = ["nsenter", f"--net=/run/netns/{node.netns}", sys.executable, "-I", "-S", sampler.__file__]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.read(len(sampler.READY)) == sampler.READY
        process.stdin.write(json.dumps({"addresses": [str(VIP)], "period_s": 0.1}).encode() + b"\n")
        process.stdin.flush()
        yield process
        process.kill()


def said(process: subprocess.Popen[bytes]) -> tuple[list[str], bool]:
    assert process.stdout
    line = json.loads(process.stdout.readline())
    return line["held"], line["quiet"]


def test_a_change_is_told_and_then_it_is_quiet(node: Namespace, sampling: subprocess.Popen[bytes]) -> None:
    assert said(sampling) == ([], False)   # of what was before it knows nothing
    assert said(sampling) == ([], True)
    node.take()
    heard = [said(sampling)]
    while heard[-1] != ([str(VIP)], True):
        heard.append(said(sampling))
    assert ([str(VIP)], False) in heard


def test_an_address_that_came_and_went_while_it_stood_still_is_known(
        node: Namespace, sampling: subprocess.Popen[bytes]) -> None:
    said(sampling)
    for happens, quiet in ((False, True), (True, False)):
        sampling.send_signal(signal.SIGSTOP)
        while Path(f"/proc/{sampling.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "T":
            pass
        if happens:
            node.take()
            node.drop()
        sampling.send_signal(signal.SIGCONT)
        # One line may have been written before it stood still.
        assert (False in [said(sampling)[1] for _ in range(3)]) is not quiet
