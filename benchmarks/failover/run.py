"""The drill power-off-vip-holder several times: for each client path the longest gap, median and worst.

Needs root; the lab of the example is built first if it is not there, and stays. Usage: run.py [TIMES]
"""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "three-controllers.yaml"
FOURNINES = ROOT / ".venv" / "bin" / "fournines"
DRILL = "power-off-vip-holder"


def main() -> int:
    """Run, print a line a run and a line a path, then how often the promise was kept."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    subprocess.run([FOURNINES, "lab", "up", EXAMPLE], check=True)
    gaps: dict[str, list[float]] = {}
    kept = lost = 0
    for number in range(1, times + 1):
        result = _drill()
        rows = result["rows"]
        kept += result["verdict"]["truth"] == "true"
        lost += sum(row["lost"] or 0 for row in rows)
        for row in rows:
            # No end seen (null) is worse than anything that was.
            upper = row["gap_upper_s"]
            gaps.setdefault(row["path"], []).append(math.inf if upper is None else upper)
        shown = "  ".join(f"{path} {seconds[-1]:.2f} s" for path, seconds in gaps.items())
        print(f"run {number}: {result['verdict']['truth']}: {shown}   {result['folder']}", flush=True)
    for path, seconds in gaps.items():
        print(f"{path}: median {statistics.median(seconds):.2f} s, worst {max(seconds):.2f} s")
    print(f"acknowledged writes lost: {lost}")
    print(f"kept {kept} of {times}")
    return 0 if kept == times else 1


def _drill() -> dict[str, object]:
    done = subprocess.run([FOURNINES, "drill", "run", DRILL, EXAMPLE, "--json"], stdout=subprocess.PIPE,
                          text=True, check=False)
    return json.loads(done.stdout)


if __name__ == "__main__":
    raise SystemExit(main())
