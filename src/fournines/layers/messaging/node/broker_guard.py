#!/usr/bin/python3
"""Restarts this node's broker when it serves alone though the others are together, or never ends its start.

    broker_guard.py ADDRESS:PORT POLL_S

A node that is silent for longer than net_ticktime (frozen, starved) is given up by the others. When it wakes,
RabbitMQ sees its peers before it has counted itself as a minority: it does not pause, and serves alone with
its half of a partitioned Mnesia until somebody restarts it. Under ``pause_minority`` a broker that is ready
without a majority is wrong whatever the cause, so it is restarted, and joins the others.

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
from dataclasses import dataclass

UNIT = "rabbitmq-server.service"
STRIKES = 2   # once may be the moment before a minority pauses itself
HUNG_S = 30   # RabbitMQ itself does something after 20 s; a question of this kind is answered in moments
ASK_TIMEOUT_S, RESTART_TIMEOUT_S = 6, 700
# Of a broker that boots, RabbitMQ may be asked nothing but the boot state, see status.erl; what its processes
# wait for the virtual machine tells.
QUESTION = """
case rabbit_boot_state:get() of
    ready -> io:format("{\\"running\\": ~b, \\"members\\": ~b}",
                       [length(rabbit_nodes:all_running()), length(rabbit_nodes:all())]);
    _ ->
        Waits = fun(Stack) -> lists:any(fun({rabbit_node_monitor, global_sync, _, _}) -> true;
                                           ({global, set_lock_on_nodes, _, _}) -> true;
                                           (_) -> false end, Stack) end,
        io:format("{\\"agreeing\\": ~s}",
                  [lists:any(Waits, [Stack || Process <- erlang:processes(), {_, Stack} <-
                                     [erlang:process_info(Process, current_stacktrace)]])])
end.
"""


def ask(address: str) -> dict[str, int]:
    """How many brokers this one sees run, of how many; while it boots, whether it waits for an agreement
    about names. Empty where it does not answer.

    The name given to erl_call is always the same: each new one would stay in the broker's table of atoms.
    """
    argv = ["erl_call", "-address", address, "-h", "fournines_guard", "-timeout", "5",
            "-fetch_stdout", "-no_result_term", "-e"]
    try:
        done = subprocess.run(argv, input=QUESTION, capture_output=True, text=True, check=True,
                              timeout=ASK_TIMEOUT_S, user="rabbitmq", group="rabbitmq",
                              env={"HOME": "/var/lib/rabbitmq", "PATH": "/usr/bin:/bin"})
        answer = json.loads(done.stdout)
    except (subprocess.SubprocessError, OSError, ValueError):
        return {}
    return answer if isinstance(answer, dict) else {}


@dataclass
class Watch:
    """What was seen of the broker so far."""

    strikes: int = 0
    agreeing_since_s: float | None = None

    def wrong(self, answer: dict[str, int], now_s: float) -> str:
        """Why it has to be restarted; empty where it has not. Seen once is not enough for either reason."""
        alone = "running" in answer and 2 * answer["running"] <= answer["members"]
        self.strikes = self.strikes + 1 if alone else 0
        if not answer.get("agreeing"):
            self.agreeing_since_s = None
        elif self.agreeing_since_s is None:
            self.agreeing_since_s = now_s
        if self.strikes >= STRIKES:
            return f"serves while it sees {answer['running']} of {answer['members']}"
        if self.agreeing_since_s is not None and now_s - self.agreeing_since_s >= HUNG_S:
            waited_s = now_s - self.agreeing_since_s
            return f"has not agreed with the others on Erlang's global names for {waited_s:.0f} s"
        return ""


def restart(hung: bool) -> None:
    """One that is hung would be asked in vain to stop, for a minute and a half."""
    if hung:
        kill = ("systemctl", "kill", "--signal=KILL", "--kill-who=all", UNIT)
        subprocess.run(kill, check=False, timeout=RESTART_TIMEOUT_S)
    subprocess.run(["systemctl", "restart", UNIT], check=False, timeout=RESTART_TIMEOUT_S)


def main(arguments: list[str]) -> int:
    """Watches until it is ended."""
    address, poll_s = arguments[0], float(arguments[1])
    watch = Watch()
    while True:
        answer = ask(address)
        if reason := watch.wrong(answer, time.monotonic()):
            print(f"this broker {reason}: restarting it", flush=True)
            restart(hung="running" not in answer)
            watch = Watch()
        time.sleep(poll_s)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
