"""Drills several times, with our timers and with those that others ship: each client path's longest gap.

One lab, one cluster; from profile to profile only the timers change (``profiles.yaml``), by ``fournines
apply``. The profiles take turns within each round, so that what else the computer does meets all of them.
Every run's folder is kept under ``runs/``, and with ``--keep FILE`` a line for each run in a file that
``table.py`` makes tables of: of many evenings, if need be. Needs root; the lab, of a cluster of its own name,
is built first if it is not there, and stays, with our timers: take others down, they share the processors.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from kept import Run, keep
from profiles import OURS, Profile, read_profiles
from ruamel.yaml import YAML
from table import summary

from fournines.cli.opened import open_cluster

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
FOURNINES = ROOT / ".venv" / "bin" / "fournines"
WORK = ROOT / "build" / "failover"
TRIES = 3


def main(arguments: Sequence[str]) -> int:
    """Rounds of drills, then medians and worst gaps, ratios to ours, and how often the promise was kept."""
    asked = _asked(arguments)
    example = EXAMPLES / f"{asked.example}.yaml"
    known = read_profiles(open_cluster(example).timers)
    if strangers := [name for name in asked.profiles if name not in known]:
        sys.exit(f"not profiles: {', '.join(strangers)}; there are: {', '.join(known)}")
    chosen = [known[name] for name in asked.profiles]
    _set(example, known[OURS])
    subprocess.run([FOURNINES, "lab", "up", _file()], check=True)
    runs: list[Run] = []
    try:
        for number in range(1, asked.times + 1):
            for profile in chosen:
                _apply(example, profile)
                for drill in asked.drill:
                    run = _drill(profile, drill, asked)
                    runs.append(run)
                    print(f"round {number}, {run.told()}", flush=True)
                    if asked.keep is not None:
                        keep(run, asked.keep)
    finally:
        _apply(example, known[OURS])
    print(summary(runs, known))
    ours = [run for run in runs if run.profile == OURS]
    if ours:
        print(f"kept {sum(run.kept for run in ours)} of {len(ours)}")
    return 0 if all(run.kept for run in ours) else 1


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("times", nargs="?", type=int, default=5, help="rounds")
    parser.add_argument("--example", default="three-controllers", metavar="NAME", help="one of examples/")
    parser.add_argument("--profiles", nargs="+", default=[OURS], metavar="NAME", help="whose timers")
    parser.add_argument("--drill", nargs="+", default=["power-off-vip-holder"], metavar="NAME",
                        help="see fournines drill list")
    parser.add_argument("--watch", default="", metavar="TIME",
                        help="how long to watch each fault, such as 90s")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="add a line for each run to this file")
    return parser.parse_args(arguments)


def _file() -> Path:
    return WORK / "cluster.yaml"


def _set(example: Path, profile: Profile) -> None:
    """Write the example's cluster file with the profile's timers. Its name is not the example's: the secrets
    of that lab lie beside the example."""
    WORK.mkdir(parents=True, exist_ok=True)
    yaml = YAML()
    cluster = yaml.load(example.read_text(encoding="utf-8"))
    cluster["cluster"] = "failover"
    if profile.overrides:
        cluster["overrides"] = dict(profile.overrides)
    if profile.balance and "loadbalancer" in cluster["layers"]:
        cluster["layers"]["loadbalancer"]["balance"] = profile.balance
    with _file().open("w", encoding="utf-8") as file:
        yaml.dump(cluster, file)


def _apply(example: Path, profile: Profile) -> None:
    _set(example, profile)
    done = subprocess.run([FOURNINES, "apply", _file(), "--json"], capture_output=True, text=True,
                          check=False)
    if done.returncode:
        sys.exit(f"{profile.name} cannot be applied: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def _drill(profile: Profile, drill: str, asked: argparse.Namespace) -> Run:
    """One that is refused, for a look at a cluster that has just come back was too slow, broke nothing: it is
    asked for again."""
    for _ in range(TRIES):
        run = _tried(profile, drill, asked)
        if run is not None:
            return run
        subprocess.run([FOURNINES, "verify", "--wait", "5m", _file()], stdout=subprocess.DEVNULL, check=True)
    sys.exit(1)


def _tried(profile: Profile, drill: str, asked: argparse.Namespace) -> Run | None:
    longer = ["--watch", asked.watch] if asked.watch else []
    process = subprocess.Popen([FOURNINES, "drill", "run", drill, _file(), "--json", *longer],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        out, err = process.communicate()
    except KeyboardInterrupt:   # the drill has had the same Ctrl-C, and heals
        process.communicate()
        sys.exit("interrupted; our timers are put back")
    try:
        return Run.of(asked.example, profile.name, datetime.now(UTC), json.loads(out))
    except json.JSONDecodeError:
        print(f"the drill came to nothing: {err[-2000:]}", file=sys.stderr, flush=True)
        return None


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except KeyboardInterrupt:   # while timers were applied; the next run goes on from there
        sys.exit("interrupted")
