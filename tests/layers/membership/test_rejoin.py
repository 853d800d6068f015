"""When Pacemaker starts on a node that comes back: what it waits for, and what it does not wait for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fournines.layers.membership.node import rejoin
from fournines.layers.membership.node.rejoin import World, members, wait

MYSQL, RABBITMQ = ("192.168.42.101", 3306), ("192.168.42.100", 5672)
WANTED = [MYSQL, RABBITMQ]
CPG = "\n".join((   # corosync-cpgtool of Corosync 3.1.7, as it writes the zero that ends a name
    "Group Name\t       PID\t   Node ID", r"crmd\x00", "\t\t        31\t         2 (192.168.42.87)",
    r"cib\x00", "\t\t        26\t         2 (192.168.42.87)",
    r"stonith-ng\x00", "\t\t        27\t         2 (192.168.42.87)", ""))


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.at_s = 0.0

    def sleep(self, seconds: float) -> None:
        self.at_s += seconds

    def after(self, seconds: float) -> Callable[..., bool]:
        return lambda *_: self.at_s >= seconds


def world(clock: Clock, *, quorate: float = 0.0, others_until: float = 1e9,
          served: dict[tuple[str, int], float] | None = None) -> World:
    """``served``: endpoint -> when it begins to answer."""
    begins = served or {}
    return World(clock.after(quorate), lambda: clock.at_s < others_until,
                 lambda address, port: clock.at_s >= begins.get((address, port), 1e9),
                 lambda: clock.at_s, clock.sleep)


def test_it_waits_until_everything_answers() -> None:
    clock = Clock()
    said = wait(world(clock, served={MYSQL: 20.0, RABBITMQ: 41.0}), WANTED, 120.0, 6.6)
    assert (said, clock.at_s) == ("the others serve", 42.0)


def test_what_has_answered_once_is_not_asked_again() -> None:
    clock = Clock()
    asked: list[tuple[str, int]] = []

    def answers(address: str, port: int) -> bool:
        asked.append((address, port))
        return (address, port) == MYSQL or clock.at_s >= 10.0

    wait(World(lambda: True, lambda: True, answers, lambda: clock.at_s, clock.sleep), WANTED, 120.0, 6.6)
    assert asked.count(MYSQL) == 1   # MariaDB counts those who leave without a word


def test_it_does_not_wait_for_ever() -> None:
    clock = Clock()
    said = wait(world(clock, served={MYSQL: 1.0}), WANTED, 120.0, 6.6)
    assert said == "not waiting any longer for 192.168.42.100 port 5672"
    assert 120.0 <= clock.at_s <= 125.0


def test_after_a_loss_of_all_power_nobody_waits_for_the_other() -> None:
    """Each sees that nobody runs Pacemaker, and holds on until the other must have seen it too."""
    clock = Clock()
    said = wait(world(clock, quorate=50.0, others_until=0.0), WANTED, 120.0, 6.6)
    assert said == "nobody runs Pacemaker: all come back"
    assert clock.at_s == pytest.approx(56.6)


def test_one_that_comes_back_alone_waits_for_quorum_however_long_that_takes() -> None:
    """With Pacemaker running it would look to the one that comes later like one that was never away."""
    clock = Clock()
    wait(world(clock, quorate=3600.0, others_until=0.0), WANTED, 120.0, 6.6)
    assert clock.at_s >= 3600.0


def test_the_others_are_lost_while_it_waits() -> None:
    clock = Clock()
    assert wait(world(clock, others_until=30.0), WANTED, 120.0, 6.6) == "nobody runs Pacemaker any more"
    assert clock.at_s == 30.0


def test_where_nothing_is_served_nothing_is_waited_for() -> None:
    clock = Clock()
    assert wait(world(clock), [], 120.0, 6.6) == "the others serve"
    assert clock.at_s == 0.0


def test_the_members_of_a_group_are_read() -> None:
    assert members(CPG, "crmd") == [2]
    assert members(CPG, "attrd") == []
    both = CPG.replace("\\x00\n", "\\x00\n\t\t  703\t   1 (192.168.42.82)\n", 1)
    assert members(both, "crmd") == [1, 2]
    assert members("Group Name\t       PID\t   Node ID\n", "crmd") == []
    assert members("", "crmd") == []


@pytest.mark.parametrize(("before", "waits"), [
    ("", False),              # never started here, or stopped in good order
    ("this-boot\n", False),   # it crashed, or somebody restarted it: the node was there all the time
    ("another-boot\n", True)])
def test_only_who_was_lost_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str,
                                 waits: bool) -> None:
    (tmp_path / "boot_id").write_text("this-boot\n")
    (tmp_path / "rejoin.json").write_text(
        '{"answers": [["192.168.42.101", 3306]], "limit_s": 1, "hold_s": 1}')
    since = tmp_path / "state" / "pacemaker-boot"
    if before:
        since.parent.mkdir()
        since.write_text(before)
    for name, path in (("BOOT", tmp_path / "boot_id"), ("SETTINGS", tmp_path / "rejoin.json"),
                       ("RUNS_SINCE", since)):
        monkeypatch.setattr(rejoin, name, path)
    waited: list[object] = []
    monkeypatch.setattr(rejoin, "wait", lambda *arguments: waited.append(arguments[1:]) or "")
    assert rejoin.main() == 0
    assert waited == ([([("192.168.42.101", 3306)], 1, 1)] if waits else [])
    assert since.read_text() == "this-boot\n"
    assert [each.name for each in since.parent.iterdir()] == ["pacemaker-boot"]
