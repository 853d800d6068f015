"""Profiles: what others ship, read from ``profiles.yaml`` and told as overrides of a cluster file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from fournines.cluster.timers import Timers

OURS = "fournines"
_FILE = Path(__file__).with_name("profiles.yaml")
_DEFAULTS = "component defaults"
_LISTENERS = ("api", "database", "cache", "messaging")


@dataclass(frozen=True, slots=True)
class Profile:
    """``overrides``: timer to value as written in a cluster file; ``balance`` is that of the load balancer;
    ``left_out``: what they do not tell."""

    name: str
    source: str
    overrides: Mapping[str, str]
    balance: str
    left_out: tuple[str, ...]


def read_profiles(timers: Timers) -> dict[str, Profile]:
    """All by name, ours (without overrides) first. ValueError where the file names what is no timer."""
    tables = YAML(typ="safe").load(_FILE.read_text(encoding="utf-8"))
    defaults = tables.pop(_DEFAULTS)
    profiles = {OURS: Profile(OURS, "the cluster file", {}, "", ())}
    for name, table in tables.items():
        left = dict(pair for each in table["defaults"] for pair in _named(each, defaults, name))
        overrides = _resolved({**dict(_spread(left)), **dict(_spread(table["values"]))})
        if unknown := sorted(set(overrides) - set(timers)):
            raise ValueError(f"{_FILE.name}: {name}: not timers: {', '.join(unknown)}")
        profiles[name] = Profile(name, " ".join(table["source"].split()), overrides,
                                 str(table["balance"]), tuple(table["left out"]))
    return profiles


def _named(each: str, defaults: Mapping[str, str], profile: str) -> list[tuple[str, str]]:
    """The defaults of that name, or of that component."""
    found = [(key, value) for key, value in defaults.items() if key == each or key.startswith(f"{each}.")]
    if not found:
        raise ValueError(f"{_FILE.name}: {profile}: no component default is called {each}")
    return found


def _spread(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Patterns first, so that a listener's own value has the last word."""
    for name, value in sorted(values.items(), key=lambda item: "*" not in item[0]):
        for listener in _LISTENERS if "*" in name else ("",):
            yield name.replace("*", listener), str(value)


def _resolved(values: Mapping[str, str]) -> dict[str, str]:
    """With ``inter`` replaced by the listener's own."""
    return {name: values[f"{name.rpartition('.')[0]}.inter"] if value == "inter" else value
            for name, value in values.items()}
