"""Memory: what an agent's last look saw, and since when it is so; kept until the node is started anew."""

from __future__ import annotations

import os
import time

FOLDER = "/run/resource-agents"


class Memory:
    """Of each subject: when it was first seen as it is, in seconds of the clock that never jumps, and how."""

    def __init__(self, agent: str, about: str) -> None:
        folder = os.environ.get("HA_RSCTMP", "") or FOLDER
        instance = os.environ.get("OCF_RESOURCE_INSTANCE", "") or agent
        self._path = os.path.join(folder, f"{agent}-{instance.replace('/', '_')}.{about}")

    def ages(self, states: dict[str, str]) -> dict[str, float]:
        """For how many seconds each subject has been in its state, as far as anybody looked; 0 the first
        time. What is not in ``states`` is forgotten."""
        now = time.monotonic()
        seen = {**dict.fromkeys(states, now), **{name: when for name, (when, state) in self._seen().items()
                                                 if states.get(name) == state and when <= now}}
        os.makedirs(os.path.dirname(self._path), exist_ok=True)
        with open(f"{self._path}.new", "w", encoding="utf-8") as file:
            file.writelines(f"{seen[name]} {name} {state}\n" for name, state in states.items())
        os.replace(f"{self._path}.new", self._path)
        return {name: now - seen[name] for name in states}

    def _seen(self) -> dict[str, tuple[float, str]]:
        try:
            with open(self._path, encoding="utf-8") as file:
                rows = [line.split() for line in file]
            return {name: (float(when), state) for when, name, state in rows}
        except (OSError, ValueError):
            return {}

    def forget(self) -> None:
        """None of it holds any longer."""
        try:
            os.unlink(self._path)
        except FileNotFoundError:
            pass
