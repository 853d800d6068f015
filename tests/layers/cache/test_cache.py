"""memcached: where it listens, what it says of itself, and who is a member."""

from __future__ import annotations

import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from fournines.artifacts import systemd
from fournines.blueprint.contribution import Spread
from fournines.blueprint.predicate import holders
from fournines.blueprint.snapshot import Absent, Snapshot, Unreadable
from fournines.cluster.notation import Wrong
from fournines.layers.cache import LAYER, artifacts, health
from fournines.layers.cache.spec import CacheSpec
from fournines.layers.layer import Site

STATS = Path(str(files("fournines.layers.cache"))) / "node" / "cache_stats"
# Part of what memcached 1.6.18 answers.
ANSWER = ("STAT pid 1614\nSTAT uptime 12\nSTAT version 1.6.18\nSTAT max_connections 4096\n"
          "STAT curr_connections 2\nSTAT limit_maxbytes 268435456\nEND\n")
LISTENER = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
connection, _ = listener.accept()
connection.recv(100)
connection.sendall(sys.argv[1].encode())
connection.close()
"""


def test_it_listens_on_the_management_address_and_never_over_udp(site: Site) -> None:
    file = next(item for item in LAYER.contribute(site).files["ctl3"] if item.path == artifacts.DROP_IN)
    drop_in = systemd.parse(file.content.decode())
    reset, command = (entry.value for section in drop_in.sections for entry in section.entries
                      if entry.key == "ExecStart")
    words = command.split()
    assert reset == ""
    assert words[words.index("-l") + 1] == "192.168.42.13"
    assert words[words.index("-U") + 1] == "0"
    assert words[words.index("-m") + 1] == str(CacheSpec().memory_mb)


def test_the_balancer_leads_everybody_to_the_same_one(site: Site) -> None:
    """Clients that share keys out by themselves disagree on what is where once one misses a server."""
    (listener,) = LAYER.exchange(site.cluster, site.timers).listeners
    assert (listener.port, listener.mode, listener.kind, listener.spread, listener.unit) == (
        11211, "tcp", "cache", Spread.ONE_ACTIVE, "memcached.service")
    assert listener.members == ("ctl3", "ctl2", "ctl1")


def test_its_answer_is_read() -> None:
    assert health.parse_memcached({"stdout": ANSWER}) == health.Memcached("1.6.18", 256, 4096)


@pytest.mark.parametrize("reply", [None, {}, {"stdout": ""}, {"stdout": "ERROR\n"},
                                   {"stdout": "STAT version 1\nSTAT limit_maxbytes many\nEND\n"}])
def test_anything_else_is_no_answer(reply: object) -> None:
    with pytest.raises(Unreadable):
        health.parse_memcached(reply)  # type: ignore[arg-type]


def test_one_that_does_not_answer_is_no_member_and_breaks_the_invariant(site: Site) -> None:
    answers = health.Memcached("1.6.18", 256, 4096)
    look = Snapshot({name: {health.MEMCACHED: answers if name != "ctl2" else Absent("refused")}
                     for name in site.controllers}, {})
    members = health.members(site)
    assert holders(members.well, look, members.nodes) == ("ctl1", "ctl3")
    assert [item.holds.judge(look, "").truth for item in health.invariants(site)] == [False]


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize(("said", "code"), [
    ("STAT version 1.6.18\r\nEND\r\n", 0), ("STAT version 1.6.18\r\n", 1)])
def test_the_script_passes_on_a_complete_answer_only(said: str, code: int) -> None:
    with subprocess.Popen(["python3", "-c", LISTENER, said], stdout=subprocess.PIPE, text=True) as listening:
        assert listening.stdout is not None
        port = listening.stdout.readline().strip()
        done = subprocess.run([str(STATS), "127.0.0.1", port], capture_output=True, text=True, timeout=30,
                              check=False)
    assert done.returncode == code
    assert done.stdout.startswith("STAT version 1.6.18\n")


@pytest.mark.parametrize("wrong", [{"memory_mb": 8}, {"connections": 1}])
def test_limits_that_would_hurt_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(Wrong):
        CacheSpec(**wrong)
