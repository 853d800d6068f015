#!/usr/bin/env python3
"""How long an audit of much takes on one core: a haproxy.cfg of 10 MB, and 1,000 files.

    PYTHONPATH=src python benchmarks/audit/run.py

Whole processes of ``fournines audit --json``, bound to one processor, in seconds of that processor and of the
clock. The last line is ``10 MB in N s, 1000 files in M s`` (processor).
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
LARGE_BYTES = 10 << 20
BACKEND = """backend service-{0}
    option httpchk GET /healthcheck
    server ctl1 10.{1}.{2}.1:9292 check inter 1s fall 2 rise 2
    server ctl2 10.{1}.{2}.2:9292 check inter 1s fall 2 rise 2
    server ctl3 10.{1}.{2}.3:9292 check inter 1s fall 2 rise 2
"""


def audited(path: Path) -> tuple[float, float]:
    """Seconds of the processor, and of the clock."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([sys.executable, "-m", "fournines", "audit", str(path), "--json"], check=False,
                          stdout=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": str(ROOT / "src")})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode in (0, 1), done
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - begun)


def large(directory: Path) -> Path:
    text = "global\n    maxconn 4000\ndefaults\n    mode http\n    timeout client 30s\n"
    backends, length = [text], len(text)
    while length < LARGE_BYTES:
        backends.append(BACKEND.format(len(backends), len(backends) // 250 % 250, len(backends) % 250))
        length += len(backends[-1])
    path = directory / "haproxy.cfg"
    path.write_text("".join(backends))
    return path


def many(directory: Path) -> int:
    """The rendered files of the example's first node as those of many: 1,000 that are read."""
    from fournines.audit.formats import reader_of

    source = ROOT / "tests" / "golden" / "rendered" / "three-controllers" / "ctl1"
    paths = [path for path in sorted(source.rglob("*")) if path.is_file()
             and reader_of(f"/{path.relative_to(source)}") is not None]
    count = 0
    while count < 1000:
        node = directory / f"node{count // len(paths)}"
        for path in paths[:1000 - count]:
            copy = node / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
            count += 1
    return count


def main() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as name:
        large_s, large_clock_s = audited(large(Path(name)))
        print(f"haproxy.cfg of {LARGE_BYTES / 1e6:.1f} MB: {large_s:.1f} s of the processor, "
              f"{large_clock_s:.1f} s")
    with tempfile.TemporaryDirectory() as name:
        count = many(Path(name))
        many_s, many_clock_s = audited(Path(name))
        print(f"{count} files: {many_s:.1f} s of the processor, {many_clock_s:.1f} s")
    print(f"10 MB in {large_s:.1f} s, {count} files in {many_s:.1f} s")


if __name__ == "__main__":
    main()
