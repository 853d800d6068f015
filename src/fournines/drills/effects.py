"""Has the fault taken effect? Judged from what the node, or the machine's driver, says. Pure.

What cannot be shown is not taken for granted: the verdict of the drill is then unknown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fournines.blueprint.requests import Failed, JsonValue, Reply
from fournines.drills.drill import Effect
from fournines.drills.intervention import Intervention
from fournines.drills.on_node import drop_in

FULL_PERCENT = 99
TOLD_BY_A_TEXT = frozenset({Effect.IS_MISCONFIGURED, Effect.IS_THROTTLED, Effect.PACKETS_DELAYED,
                            Effect.IS_FULL, Effect.CLOCK_IS_WRONG, Effect.IS_STANDBY,
                            Effect.IS_DISKLESS, Effect.NO_ROUTE})


@dataclass(frozen=True, slots=True)
class Sight:
    """Whether something was shown, and how or why not: a part of a sentence."""

    shown: bool
    because: str

    def then(self, later: Sight) -> Sight:
        """Both, one after the other."""
        return Sight(self.shown and later.shown, f"{self.because}; then {later.because}")


@dataclass(frozen=True, slots=True)
class Running:
    """A unit as its node sees it. ``processes`` maps (pid, start time) to the letter of its state."""

    unit: str
    active: str
    processes: Mapping[tuple[str, int], str] = field(default_factory=dict)

    @property
    def serves(self) -> bool:
        """Active, with processes of which none stands still."""
        return self.active == "active" and bool(self.processes) and not self.stopped

    @property
    def stopped(self) -> tuple[str, ...]:
        """The pids of those that stand still."""
        return tuple(pid for (pid, _), state in self.processes.items() if state == "T")


def running(unit: str, replies: Sequence[Reply]) -> Running | str:
    """From the replies to ``UnitFacts`` and ``UnitProcesses``; a text says why they do not tell."""
    for reply in replies:
        if isinstance(reply, Failed):
            return reply.reason
    facts, listed = replies
    if not isinstance(facts, dict) or not isinstance(listed, dict):
        return "the node did not say how the unit is"
    mine = facts.get(unit)
    active = str(mine["active"]) if isinstance(mine, dict) else "unknown"
    processes = {(pid, int(str(each["started"]))): str(each["state"])
                 for pid, each in listed.items() if isinstance(each, dict)}
    return Running(unit, active, processes)


def of_unit(effect: Effect, before: Running, now: Running) -> Sight:
    """Whether the processes that ran ``before`` became what the fault makes of them."""
    same = before.processes.keys() & now.processes.keys()
    if effect is Effect.PROCESSES_GONE:
        return Sight(not same, f"{len(same)} of the {len(before.processes)} processes of {now.unit} that ran "
                               "before are still there" if same else
                     f"all {len(before.processes)} processes of {now.unit} that ran before are gone")
    if effect is Effect.IS_INACTIVE:
        if now.processes and not same:   # its socket, or Pacemaker
            return Sight(True, f"{now.unit} was stopped, and somebody has started it anew since")
        return Sight(now.active in ("inactive", "failed") and not now.processes,
                     f"systemd calls {now.unit} {now.active}, with {len(now.processes)} processes")
    standing, count = len(now.stopped), len(now.processes)
    if not same:
        return Sight(False, f"no process of {now.unit} that ran before is there any more")
    return Sight(standing == count, f"{standing} of {count} processes of {now.unit} stand still (state T)")


def of_packets(reply: Reply) -> Sight:
    """Whether the drill's rule has dropped anything."""
    if isinstance(reply, Failed):
        return Sight(False, f"the drill's rule is not there: {reply.reason}")
    packets = _packets(reply)
    if packets is None:
        return Sight(False, "the node did not say what the drill's rule has dropped")
    return Sight(packets > 0, f"the drill's rule has dropped {packets} packets")


def of_text(effect: Effect, reply: Reply, deed: Intervention, now_s: float) -> Sight:
    """From what one command on the node prints, see ``on_node.look``; ``now_s`` is our time of day."""
    if isinstance(reply, Failed) or not isinstance(reply, dict):
        why = reply.reason if isinstance(reply, Failed) else "no answer"
        return Sight(False, f"{deed.target} does not say whether it {effect.value}: {why}")
    text = str(reply["stdout"])
    match effect:
        case Effect.IS_MISCONFIGURED:
            there = drop_in(deed.unit) in text.split()
            return Sight(there, f"systemd {'has' if there else 'does not have'} the drill's drop-in for "
                                f"{deed.unit}")
        case Effect.IS_THROTTLED:
            times = max(map(int, re.findall(r"nr_throttled (\d+)", text)), default=0)
            return Sight(times > 0, f"{deed.unit} had to wait for its share {times} times")
        case Effect.PACKETS_DELAYED:
            sent = re.findall(r"netem .*?Sent \d+ bytes (\d+) pkt", text, re.DOTALL)
            count = sum(map(int, sent))
            return Sight(count > 0, f"{count} packets went through the queue that delays them")
        case Effect.IS_FULL:
            percent = int((re.findall(r"(\d+)%", text) or ["0"])[-1])
            return Sight(percent >= FULL_PERCENT, f"the file system of {deed.setting} is {percent} % full")
        case Effect.CLOCK_IS_WRONG:
            off_s = float(text or 0) - now_s
            return Sight(abs(off_s) > deed.amount / 2, f"its clock is {off_s:.0f} s away from ours")
        case Effect.IS_STANDBY:
            return Sight(text.strip() == "on", f"Pacemaker has its standby {text.strip() or 'nowhere'}")
        case Effect.IS_DISKLESS:
            sides = re.findall(r" ds:(\w+)/", text)
            gone = sides.count("Diskless")
            return Sight(bool(sides) and gone == len(sides),
                         f"{gone} of its {len(sides)} volumes have no disk")
        case Effect.NO_ROUTE:
            left = [address for address in deed.addresses if address not in text.split()]
            return Sight(not left, f"it still has a way to {' and '.join(left)}" if left
                         else f"it has no route to {' and '.join(deed.addresses)}")
    raise ValueError(f"{effect} is not told by a text")


def _packets(reply: JsonValue) -> int | None:
    """See libnftables-json(5): ``{"nftables": [{"metainfo": ...}, {"counter": {"packets": ...}}]}``."""
    try:
        listed = json.loads(str(reply["stdout"]))["nftables"]  # type: ignore[index,call-overload]
        return sum(int(item["counter"]["packets"]) for item in listed if "counter" in item)
    except (ValueError, KeyError, TypeError):
        return None


def of_machine(effect: Effect, power: str) -> Sight:
    """What the driver says."""
    # A machine that another has fenced meanwhile is in its firmware: what ran on it is gone all the same.
    wanted = {Effect.IS_OFF: ("off", "starting"), Effect.IS_FROZEN: ("frozen",)}[effect]
    return Sight(power in wanted, f"its driver says that it is {power}")


def of_share(times: int) -> Sight:
    """What the driver says; 0 where the machine has all of the processor."""
    return Sight(times > 0, f"its driver says that it has had to wait for its share {times} times")


def of_cables(links: Mapping[str, bool]) -> Sight:
    """``links`` maps each network that was cut to whether there still is a link."""
    left = [network for network, link in links.items() if link]
    if left or not links:
        return Sight(False, f"its link to {' and '.join(left) or 'any network'} is still up")
    return Sight(True, f"its link to {' and '.join(links)} is down")
