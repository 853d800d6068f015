#!/usr/bin/python3
"""Restarts this node's broker when it serves alone though the others are together.

    broker_guard.py ADDRESS:PORT POLL_S

A node that is silent for longer than net_ticktime (frozen, starved) is given up by the others. When it wakes,
RabbitMQ sees its peers before it has counted itself as a minority: it does not pause, and serves alone with
its half of a partitioned Mnesia until somebody restarts it. Under ``pause_minority`` a broker that is ready
without a majority is wrong whatever the cause, so it is restarted, and joins the others.
Shipped as /usr/lib/fournines/broker_guard.py; standard library only.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

UNIT = "rabbitmq-server.service"
STRIKES = 2   # once may be the moment before a minority pauses itself
ASK_TIMEOUT_S, RESTART_TIMEOUT_S = 6, 700
# Nothing but the boot state may be asked of a broker that boots; see status.erl.
QUESTION = """
case rabbit_boot_state:get() of
    ready -> io:format("{\\"running\\": ~b, \\"members\\": ~b}",
                       [length(rabbit_nodes:all_running()), length(rabbit_nodes:all())]);
    _ -> io:format("{}")
end.
"""


def ask(address: str) -> dict[str, int]:
    """How many brokers this one sees run, of how many; empty while it does not serve.

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


def alone(answer: dict[str, int]) -> bool:
    """It serves, and those that it sees are no majority."""
    return bool(answer) and 2 * answer["running"] <= answer["members"]


def main(arguments: list[str]) -> int:
    """Watches until it is ended."""
    address, poll_s = arguments[0], float(arguments[1])
    strikes = 0
    while True:
        answer = ask(address)
        strikes = strikes + 1 if alone(answer) else 0
        if strikes >= STRIKES:
            seen = f"{answer['running']} of {answer['members']}"
            print(f"this broker serves while it sees {seen}: restarting it", flush=True)
            subprocess.run(["systemctl", "restart", UNIT], check=False, timeout=RESTART_TIMEOUT_S)
            strikes = 0
        time.sleep(poll_s)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
