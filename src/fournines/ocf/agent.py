"""Agent: what every resource agent has, by the OCF standard: parameters from the environment, meta-data, exit
codes, and the way from an action's name to what is done.

Pacemaker shows the last ``ocf-exit-reason`` of a failed action to its operators, so each failure has one.
"""

from __future__ import annotations

import os
import sys
import time

SUCCESS, ERR_GENERIC, ERR_ARGS, ERR_UNIMPLEMENTED = 0, 1, 2, 3
ERR_PERM, ERR_INSTALLED, ERR_CONFIGURED, NOT_RUNNING = 4, 5, 6, 7

DEFAULT_TIMEOUT_S = 60.0   # where nobody says how long Pacemaker will wait, as with ocf-tester
_LANGUAGE = "en"


class Failure(Exception):
    """An action ended with an exit code other than 0; the reason is for the operator."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Parameter:
    """One parameter of an agent. ``kind`` is string, integer or boolean; ``about`` a sentence or more."""

    __slots__ = ("about", "default", "kind", "name", "short")

    def __init__(self, name: str, kind: str, default: str, short: str, about: str) -> None:
        self.name, self.kind, self.default, self.short, self.about = name, kind, default, short, about


class Agent:
    """Base of all agents. Subclasses give ``name``, ``short``, ``about``, ``parameters`` and the actions."""

    name = ""
    short = ""
    about = ""
    parameters: tuple[Parameter, ...] = ()
    # Advice to whoever configures the resource, in seconds: start, stop, monitor and the monitor's interval.
    start_s, stop_s, monitor_s, interval_s = 120, 60, 30, 30

    def start(self) -> None:
        """Return once the service serves; ``Failure`` otherwise. May be repeated."""
        raise NotImplementedError

    def stop(self) -> None:
        """Return once nothing of the service is left. May be repeated."""
        raise NotImplementedError

    def monitor(self) -> None:
        """Return where the service serves; ``Failure`` NOT_RUNNING where it was not started here."""
        raise NotImplementedError

    def validate(self) -> None:
        """``Failure`` where the parameters or this node cannot work."""
        raise NotImplementedError

    def value(self, name: str) -> str:
        """A parameter as it was given, or its default."""
        for parameter in self.parameters:
            if parameter.name == name:
                return os.environ.get(f"OCF_RESKEY_{name}", "").strip() or parameter.default
        raise KeyError(name)

    def seconds(self, name: str) -> float:
        """A parameter that is a number of seconds."""
        try:
            return float(self.value(name))
        except ValueError:
            raise Failure(ERR_CONFIGURED, f"{name} is not a number of seconds: {self.value(name)}") from None

    def main(self, argv: list[str]) -> int:
        """Carry out the action named by the first argument; its exit code."""
        actions = {"start": self._start, "stop": self.stop, "monitor": self._monitor,
                   "status": self._monitor, "validate-all": self.validate,
                   "usage": self._usage, "help": self._usage}
        action = argv[1] if len(argv) == 2 else "usage"
        if action not in actions:
            print(f"ocf:openstack:{self.name} has no action {action}", file=sys.stderr)
            return ERR_UNIMPLEMENTED
        try:
            actions[action]()
        except Failure as failure:
            # Not running is an answer, unless it is the answer to something that should run.
            if failure.code != NOT_RUNNING or not is_probe():
                print(f"ocf-exit-reason:{failure}", file=sys.stderr)
            return failure.code
        return SUCCESS if len(argv) == 2 else ERR_ARGS

    def _start(self) -> None:
        self.validate()
        self.start()

    def _monitor(self) -> None:
        self.monitor()

    def _usage(self) -> None:
        print(f"usage: {self.name} start|stop|monitor|status|validate-all|meta-data")


def timeout_s() -> float:
    """How long Pacemaker waits for the action under way."""
    try:
        return float(os.environ["OCF_RESKEY_CRM_meta_timeout"]) / 1000
    except (KeyError, ValueError):
        return DEFAULT_TIMEOUT_S


def is_probe() -> bool:
    """Whether Pacemaker only asks what is already running here."""
    return os.environ.get("OCF_RESKEY_CRM_meta_interval", "0") == "0"


def depth() -> int:
    """How thoroughly to look: 0 where the operation says OCF_CHECK_LEVEL=0, else all that is possible."""
    level = os.environ.get("OCF_CHECK_LEVEL", "")
    return int(level) if level.isdigit() else 10


def note(text: str) -> None:
    """Into Pacemaker's log."""
    print(f"INFO: {text}", file=sys.stderr)


def wait(pause_s: float) -> None:
    """Look again after a moment; how often is bounded by the caller, or by Pacemaker's own timeout."""
    time.sleep(pause_s)


def meta_data(agent: Agent) -> str:
    """The agent's description in XML, valid against ra-api-1.dtd."""
    rows = ['<?xml version="1.0"?>', '<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">',
            f'<resource-agent name="{agent.name}" version="1.0">', "<version>1.0</version>",
            *_described(agent.short, agent.about), "<parameters>"]
    for parameter in agent.parameters:
        default = f' default="{_escaped(parameter.default)}"' if parameter.default else ""
        rows += [f'<parameter name="{parameter.name}" unique="0" required="0">',
                 *_described(parameter.short, parameter.about),
                 f'<content type="{parameter.kind}"{default}/>', "</parameter>"]
    rows += ["</parameters>", "<actions>",
             f'<action name="start" timeout="{agent.start_s}s"/>',
             f'<action name="stop" timeout="{agent.stop_s}s"/>',
             f'<action name="status" timeout="{agent.monitor_s}s"/>',
             f'<action name="monitor" depth="0" timeout="{agent.monitor_s}s"'
             f' interval="{agent.interval_s}s"/>',
             '<action name="validate-all" timeout="10s"/>', '<action name="meta-data" timeout="5s"/>',
             "</actions>", "</resource-agent>"]
    return "\n".join(rows)


def _described(short: str, about: str) -> tuple[str, str]:
    return (f'<longdesc lang="{_LANGUAGE}">{_escaped(about)}</longdesc>',
            f'<shortdesc lang="{_LANGUAGE}">{_escaped(short)}</shortdesc>')


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
