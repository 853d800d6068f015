"""A drill several times, with our timers and with those that others ship: each client path's longest gap.

One lab, one cluster; from profile to profile only the timers change (``profiles.yaml``), by ``fournines
apply``. The profiles take turns within each round, so that what else the computer does meets all of them.
Every run's folder is kept under ``runs/``. Needs root; the lab, of a cluster of its own name, is built first
if it is not there, and stays, with our timers: take other labs down, they share the processors.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from profiles import OURS, Profile, read_profiles
from ruamel.yaml import YAML

from fournines.cli.opened import open_cluster

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "three-controllers.yaml"
FOURNINES = ROOT / ".venv" / "bin" / "fournines"
WORK = ROOT / "build" / "failover"


@dataclass
class Seen:
    """What the runs of one profile showed; a gap without an end in sight is infinite."""

    gaps: dict[str, list[float]] = field(default_factory=dict)
    kept: int = 0
    runs: int = 0
    lost: int = 0

    def add(self, result: dict) -> None:
        self.runs += 1
        self.kept += result["verdict"]["truth"] == "true"
        for row in result["rows"]:
            self.lost += row["lost"] or 0
            upper = row["gap_upper_s"]
            self.gaps.setdefault(row["path"], []).append(math.inf if upper is None else upper)


def main(arguments: Sequence[str]) -> int:
    """Rounds of drills, then medians and worst gaps, ratios to ours, and how often the promise was kept."""
    asked = _asked(arguments)
    known = read_profiles(open_cluster(EXAMPLE).timers)
    if strangers := [name for name in asked.profiles if name not in known]:
        sys.exit(f"not profiles: {', '.join(strangers)}; there are: {', '.join(known)}")
    chosen = [known[name] for name in asked.profiles]
    _set(known[OURS])
    subprocess.run([FOURNINES, "lab", "up", _file()], check=True)
    seen = {profile.name: Seen() for profile in chosen}
    try:
        for number in range(1, asked.times + 1):
            for profile in chosen:
                _apply(profile)
                result = _drill(asked.drill, asked.watch)
                seen[profile.name].add(result)
                _tell_run(number, profile, result)
    finally:
        _apply(known[OURS])
    _tell_all(chosen, seen)
    return 0 if OURS not in seen or seen[OURS].kept == asked.times else 1


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("times", nargs="?", type=int, default=5, help="runs of each profile")
    parser.add_argument("--profiles", nargs="+", default=[OURS], metavar="NAME", help="whose timers")
    parser.add_argument("--drill", default="power-off-vip-holder", help="see fournines drill list")
    parser.add_argument("--watch", default="", metavar="TIME",
                        help="how long to watch each fault, such as 90s")
    return parser.parse_args(arguments)


def _file() -> Path:
    return WORK / "cluster.yaml"


def _set(profile: Profile) -> None:
    """Write the example's cluster file with the profile's timers. Its name is not the example's: the secrets
    of that lab lie beside the example."""
    WORK.mkdir(parents=True, exist_ok=True)
    yaml = YAML()
    cluster = yaml.load(EXAMPLE.read_text(encoding="utf-8"))
    cluster["cluster"] = "failover"
    if profile.overrides:
        cluster["overrides"] = dict(profile.overrides)
    with _file().open("w", encoding="utf-8") as file:
        yaml.dump(cluster, file)


def _apply(profile: Profile) -> None:
    _set(profile)
    done = subprocess.run([FOURNINES, "apply", _file(), "--json"], capture_output=True, text=True,
                          check=False)
    if done.returncode:
        sys.exit(f"{profile.name} cannot be applied: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def _drill(name: str, watch: str) -> dict:
    longer = ["--watch", watch] if watch else []
    done = subprocess.run([FOURNINES, "drill", "run", name, _file(), "--json", *longer],
                          capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        sys.exit(f"the drill came to nothing: {done.stderr[-2000:]}")


def _tell_run(number: int, profile: Profile, result: dict) -> None:
    gaps = "  ".join(f"{row['path']} {_seconds(row['gap_upper_s'])}" for row in result["rows"])
    print(f"run {number}, {profile.name}: {result['verdict']['truth']}: {gaps}   {result['folder']}",
          flush=True)


def _seconds(gap: float | None) -> str:
    return "no end" if gap is None else f"{gap:.2f} s"


def _tell_all(chosen: Sequence[Profile], seen: dict[str, Seen]) -> None:
    ours = seen.get(OURS)
    for profile in chosen:
        mine = seen[profile.name]
        print(f"\n{profile.name} ({profile.source})")
        for path, gaps in mine.gaps.items():
            ratio = ""
            if ours is not None and mine is not ours:
                ratio = f", {statistics.median(gaps) / statistics.median(ours.gaps[path]):.1f} times ours"
            print(f"  {path}: median {statistics.median(gaps):.2f} s, worst {max(gaps):.2f} s{ratio}")
        print(f"  acknowledged writes lost: {mine.lost}; the promise kept {mine.kept} of {mine.runs}")
        if profile.left_out:
            print(f"  not told by timers: {'; '.join(profile.left_out)}")
    if ours is not None:
        print(f"kept {ours.kept} of {ours.runs}")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
