#!/usr/bin/python3
"""Restarts this node's broker when it serves alone, waits though it could go on, or never ends its start.

    broker_guard.py ADDRESS:PORT POLL_S BROKER MEMBER...

A node that is silent for longer than net_ticktime (frozen, starved) is given up by the others. When it wakes,
RabbitMQ sees its peers before it has counted itself as a minority: it does not pause, and serves alone with
its half of a partitioned Mnesia until somebody restarts it. Under ``pause_minority`` a broker that is ready
without a majority is wrong, so it is restarted, and joins the others; but not where it reaches others and
none of those serves, for then it is the last that does.

Two that do not hear each other while others hear both pause both, until the *entire* cluster is together: of
three, the third is left without a majority for as long as the cut lasts. The senior of the two, by the order
of the MEMBERs, is restarted, and goes on with the third; the junior waits.

A broker that comes back from its pause agrees with the others on the names and locks that Erlang keeps
(``global``), which after a partition may wait for ever: RabbitMQ tries to end that with messages that Erlang
25.1 and newer do not understand (rabbitmq-server pull request 5438, in 3.11). Such a broker serves nobody,
and is killed.
Shipped as /usr/lib/fournines/broker_guard.py; standard library only.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

UNIT = "rabbitmq-server.service"
STRIKES = 2   # once may be the moment before a minority pauses itself, or others are together again
HUNG_S = 30   # RabbitMQ itself does something after 20 s; a question of this kind is answered in moments
AWAY_S = 180  # a senior that is restarted is reached by nobody meanwhile, and a start may take minutes
ASK_TIMEOUT_S, RESTART_TIMEOUT_S = 6, 700
# Of a broker that boots, RabbitMQ may be asked nothing but the boot state, see status.erl; what its processes
# wait for, and whom it reaches, the virtual machine tells.
QUESTION = """
Names = fun(Nodes) -> lists:join(", ", [io_lib:format("\\"~s\\"", [Node]) || Node <- Nodes]) end,
case rabbit_boot_state:get() of
    ready ->
        {States, _} = rpc:multicall(nodes(), rabbit_boot_state, get, [], 1000),
        io:format("{\\"running\\": ~b, \\"members\\": ~b, \\"reached\\": [~s], \\"serving\\": ~b}",
                  [length(rabbit_nodes:all_running()), length(rabbit_nodes:all()), Names(nodes()),
                   length([ready || ready <- States])]);
    _ ->
        Calls = [{Module, Name} || Process <- erlang:processes(),
                                   {_, Stack} <- [erlang:process_info(Process, current_stacktrace)],
                                   {Module, Name, _, _} <- Stack],
        Agreeing = [{rabbit_node_monitor, global_sync}, {global, set_lock_on_nodes}],
        Paused = [{rabbit_node_monitor, wait_for_cluster_recovery}],
        Waits = fun(For) -> lists:any(fun(Call) -> lists:member(Call, For) end, Calls) end,
        {Theirs, _} = rpc:multicall(nodes(), erlang, nodes, [], 1000),
        Beyond = lists:usort(lists:append([Nodes || Nodes <- Theirs, is_list(Nodes)])),
        io:format("{\\"agreeing\\": ~s, \\"paused\\": ~s, \\"reached\\": [~s], \\"beyond\\": [~s]}",
                  [Waits(Agreeing), Waits(Paused), Names(nodes()), Names(Beyond)])
end.
"""


@dataclass(frozen=True)
class Answer:
    """What a broker says of itself, and whose virtual machines it has ``reached``. One that serves: how many
    it sees ``running``, of how many ``members``, and how many of those that it reached are ``serving``. One
    that does not: whether it waits for an agreement about names, or has ``paused`` itself, and who is
    ``beyond``: reached by those that it reached."""

    running: int | None = None
    members: int = 0
    serving: int = 0
    agreeing: bool = False
    paused: bool = False
    reached: Collection[str] = ()
    beyond: Collection[str] = ()

    @property
    def alone(self) -> bool:
        """It serves without a majority, and is not the last that does."""
        return (self.running is not None and 2 * self.running <= self.members
                and (self.serving > 0 or not self.reached))


def ask(address: str) -> Answer:
    """What it says; nothing where it does not answer.

    The name given to erl_call is always the same: each new one would stay in the broker's table of atoms.
    """
    argv = ["erl_call", "-address", address, "-h", "fournines_guard", "-timeout", "5",
            "-fetch_stdout", "-no_result_term", "-e"]
    try:
        done = subprocess.run(argv, input=QUESTION, capture_output=True, text=True, check=True,
                              timeout=ASK_TIMEOUT_S, user="rabbitmq", group="rabbitmq",
                              env={"HOME": "/var/lib/rabbitmq", "PATH": "/usr/bin:/bin"})
        return Answer(**json.loads(done.stdout))
    except (subprocess.SubprocessError, OSError, ValueError, TypeError):
        return Answer()


@dataclass
class Watch:
    """What was seen of ``broker`` so far; ``brokers`` are all members, the seniors first."""

    broker: str
    brokers: Sequence[str]
    strikes: int = 0
    agreeing_since_s: float | None = None
    heir_since_s: float | None = None

    def wrong(self, answer: Answer, now_s: float) -> str:
        """Why it has to be restarted; empty where it has not. Seen once is not enough for any reason."""
        heard = {self.broker, *answer.reached} & {*self.brokers}
        enough = answer.paused and 2 * len(heard) > len(self.brokers)
        unheard = [each for each in self.brokers[:self.brokers.index(self.broker)] if each not in heard]
        self.strikes = self.strikes + 1 if answer.alone or (enough and not unheard) else 0
        self.agreeing_since_s = _since(self.agreeing_since_s, answer.agreeing, now_s)
        heir = enough and bool(unheard) and not {*unheard} & {*answer.beyond}
        self.heir_since_s = _since(self.heir_since_s, heir, now_s)
        if self.strikes >= STRIKES and answer.alone:
            return f"serves while it sees {answer.running} of {answer.members}"
        if self.strikes >= STRIKES:
            return f"waits, though it reaches {', '.join(sorted(answer.reached))} and is senior to the rest"
        if self.heir_since_s is not None and now_s - self.heir_since_s >= AWAY_S:
            away_s = now_s - self.heir_since_s
            return f"waits, though nobody has reached {', '.join(unheard)} for {away_s:.0f} s"
        if self.agreeing_since_s is not None and now_s - self.agreeing_since_s >= HUNG_S:
            waited_s = now_s - self.agreeing_since_s
            return f"has not agreed with the others on Erlang's global names for {waited_s:.0f} s"
        return ""


def _since(before_s: float | None, true: bool, now_s: float) -> float | None:
    """Since when it is so; None where it is not."""
    if not true:
        return None
    return now_s if before_s is None else before_s


def restart(*, serves: bool) -> None:
    """One that does not serve has nothing to end in good order, and if it is hung would be asked in vain to,
    for a minute and a half."""
    if not serves:
        kill = ("systemctl", "kill", "--signal=KILL", "--kill-who=all", UNIT)
        subprocess.run(kill, check=False, timeout=RESTART_TIMEOUT_S)
    subprocess.run(["systemctl", "restart", UNIT], check=False, timeout=RESTART_TIMEOUT_S)


def main(arguments: list[str]) -> int:
    """Watches until it is ended."""
    address, poll_s, broker, *brokers = arguments
    watch = Watch(broker, brokers)
    while True:
        answer = ask(address)
        if reason := watch.wrong(answer, time.monotonic()):
            print(f"this broker {reason}: restarting it", flush=True)
            restart(serves=answer.running is not None)
            watch = Watch(broker, brokers)
        time.sleep(float(poll_s))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
