"""One table for each drill out of kept runs: median and worst of each client path, and how many times ours.

    python benchmarks/failover/table.py [FILE ...]     # measured.jsonl beside this file, without one
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from kept import Run, read, seconds
from profiles import OURS, Profile, read_profiles

from fournines.cli.opened import open_cluster

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parents[1] / "examples" / "three-controllers.yaml"


def summary(runs: Sequence[Run], known: Mapping[str, Profile]) -> str:
    """Markdown; below the tables what of each profile no timer tells."""
    of: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        of.setdefault((run.drill, run.example), []).append(run)
    parts = [_table(", ".join(what), mine, known) for what, mine in of.items()]
    told = [profile for profile in known.values() if profile.left_out
            and any(run.profile == profile.name for run in runs)]
    parts += [f"{profile.name} ({profile.source}): not told by timers: {'; '.join(profile.left_out)}"
              for profile in told]
    return "\n" + "\n\n".join(parts)


def _table(title: str, runs: Sequence[Run], known: Mapping[str, Profile]) -> str:
    paths = tuple(dict.fromkeys(path for run in runs for path in run.gaps_s))
    profiles = [name for name in known if any(run.profile == name for run in runs)]
    of = {name: [run for run in runs if run.profile == name] for name in profiles}
    gaps = {name: {path: _gaps(of[name], path) for path in paths} for name in profiles}
    lines = [f"**{title}**", "",
             f"| profile | runs | kept | {' | '.join(paths)} | refused | no answer | lost | times ours |",
             "|---" * (len(paths) + 7) + "|"]
    for name, mine in of.items():
        cells = [str(len(mine)), str(sum(run.kept for run in mine)), *map(_cell, gaps[name].values()),
                 str(sum(sum(run.refused.values()) for run in mine)), _unanswered(mine),
                 str(sum(run.lost for run in mine)),
                 _ratio(gaps, name)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _gaps(runs: Iterable[Run], path: str) -> list[float]:
    return [run.gap_s(path) for run in runs if path in run.gaps_s]


def _cell(gaps: Sequence[float]) -> str:
    return f"{seconds(statistics.median(gaps))} / {seconds(max(gaps))}" if gaps else "-"


def _unanswered(runs: Iterable[Run]) -> str:
    """Of those runs that kept it."""
    known = [run.unanswered for run in runs if run.unanswered is not None]
    return str(sum(sum(of_path.values()) for of_path in known)) if known else "-"


def _ratio(gaps: Mapping[str, Mapping[str, Sequence[float]]], name: str) -> str:
    """Of the medians, path by path: the least and the most."""
    if name == OURS or OURS not in gaps:
        return "-"
    ratios = [statistics.median(mine) / statistics.median(ours) for path, mine in gaps[name].items()
              if mine and (ours := gaps[OURS].get(path)) and statistics.median(ours)]
    return f"{min(ratios):.1f} to {max(ratios):.1f}" if ratios else "-"


if __name__ == "__main__":
    files = [Path(name) for name in sys.argv[1:]] or [HERE / "measured.jsonl"]
    print(summary([run for file in files for run in read(file)], read_profiles(open_cluster(EXAMPLE).timers)))
