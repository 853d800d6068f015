#!/usr/bin/env python3
"""Parsers fed by atheris, which keeps each input that reaches a line no other did and damages it further.

    .venv/bin/python benchmarks/fuzz/guided.py [INPUTS] [PARSER ...]

Installs atheris into an environment of its own under build/, from the lock beside this file. Begins with the
same seeds as run.py, and like there a parser may refuse an input by ``Unparsable`` alone. No root, no lab.
The last line is ``survived N of M``; an input that a parser did not survive is kept in build/fuzz.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILT = ROOT / "build" / "fuzz"
ATHERIS = BUILT / "venv"
PATIENCE_S = 5
LONGEST = 4096   # bytes of an input: longer ones find nothing that these do not, and take longer
ONE = "--one"


def main() -> int:
    if sys.argv[1:2] == [ONE]:
        _feed(sys.argv[2], sys.argv[3:])
    inputs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    python = _atheris()
    from run import seeds_of  # in this environment too: which parsers there are

    texts = seeds_of()
    kinds = sys.argv[2:] or sorted(texts)
    survived = 0
    for kind in kinds:
        begun = time.monotonic()
        good = _survives(python, kind, inputs, texts[kind])
        survived += good
        print(f"{kind}: {'survived' if good else 'did not survive'} {inputs} inputs, "
              f"{time.monotonic() - begun:.0f} s", flush=True)
    print(f"survived {survived} of {len(kinds)}")
    return 0 if survived == len(kinds) else 1


def _atheris() -> Path:
    python = ATHERIS / "bin" / "python"
    if not (ATHERIS / "installed").exists():
        venv.create(ATHERIS, with_pip=True, clear=True)
        for lock in (ROOT / "requirements.lock", HERE / "requirements.lock"):
            subprocess.run([python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", lock],
                           check=True)
        (ATHERIS / "installed").touch()
    return python


def _survives(python: Path, kind: str, inputs: int, texts: list[str]) -> bool:
    with tempfile.TemporaryDirectory() as corpus:
        for number, text in enumerate(texts):
            Path(corpus, str(number)).write_bytes(text.encode(errors="surrogatepass"))
        log = BUILT / f"{kind.replace('/', '_')}.log"
        with log.open("wb") as out:
            done = subprocess.run(
                [python, __file__, ONE, kind, f"-runs={inputs}", f"-timeout={PATIENCE_S}",
                 f"-max_len={LONGEST}", f"-artifact_prefix={BUILT}/", "-seed=1", corpus],
                env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}, stdout=out, stderr=out,
                check=False)
        if done.returncode:
            print(f"{kind}: see {log}")
        return done.returncode == 0


def _feed(kind: str, options: list[str]) -> None:
    """One parser in this process, which atheris ends."""
    import atheris

    with atheris.instrument_imports(include=["fournines.artifacts", "fournines.audit"]):
        from fournines.audit.formats import read
    from tests.audit.planting import PATHS

    def one(content: bytes) -> None:
        read("n", PATHS[kind], kind, content)

    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    raise SystemExit(main())
