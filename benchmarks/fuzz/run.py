#!/usr/bin/env python3
"""How many damaged inputs each parser takes without a traceback and without a hang.

    PYTHONPATH=src python benchmarks/fuzz/run.py [INPUTS] [PARSER ...]

Each input is a planted fault's file, or the guide's, with a few bytes taken out, put in, doubled or
exchanged, or a heap of pieces of several. A parser may refuse what it gets by ``Unparsable`` and in no other
way. The last line is ``survived N of M``.
"""

from __future__ import annotations

import random
import signal
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.audit.faults import FAULTS  # noqa: E402
from tests.audit.planting import PATHS, unmarked  # noqa: E402

from fournines.audit.formats import read  # noqa: E402

PATIENCE_S = 5
CHARACTERS = "{}[]()<>\"'\\#!;:=,.@$%&|\n\t \x00\u00a0\u2028\ud800é-/*019aZ"


def seeds(kind: str) -> list[str]:
    """Texts of a kind of file: of the planted faults, right and broken, and of the guide."""
    found = {text for fault in FAULTS for texts in (fault.broken, fault.right)
             for name, text in unmarked(texts).items() if name.rpartition(" ")[2] == kind}
    guide = ROOT / "tests" / "guide" / PATHS[kind].lstrip("/")
    if guide.is_file():
        found.add(guide.read_text(encoding="utf-8"))
    return sorted(found)


def seeds_of() -> dict[str, list[str]]:
    """Every parser's: several kinds of file may have one path, and so one parser."""
    kinds = {path: kind for kind, path in PATHS.items() if seeds(kind)}
    return {kind: seeds(kind) for kind in kinds.values()}


def damaged(source: random.Random, texts: list[str], pieces: list[str]) -> str:
    if source.random() < 0.2:
        return "\n".join(" ".join(source.choice(pieces) for _ in range(source.randint(0, 6)))
                         for _ in range(source.randint(0, 10)))
    text = source.choice(texts)
    for _ in range(source.randint(1, 8)):
        at, length = source.randint(0, len(text)), source.randint(1, 12)
        way = source.randrange(5)
        if way == 0:
            text = text[:at] + text[at + length:]
        elif way == 1:
            text = text[:at] + source.choice(CHARACTERS) * source.choice((1, 1, 1, 50)) + text[at:]
        elif way == 2:
            text = text[:at] + text[max(0, at - length):at] + text[at:]
        elif way == 3:
            text = text[:at] + source.choice(pieces) + text[at:]
        else:
            text = text[:at]
    return text


def fuzzed(kind: str, inputs: int) -> int:
    """How many of the inputs the parser survived; the first that it did not is printed."""
    source = random.Random(kind)   # noqa: S311  the same inputs each time
    texts = seeds(kind)
    pieces = sorted({piece for text in texts for piece in (*text.split(), *text.split("\n"))})
    survived = 0
    for _ in range(inputs):
        text = damaged(source, texts, pieces)
        signal.setitimer(signal.ITIMER_REAL, PATIENCE_S)
        try:
            read("n", PATHS[kind], kind, text.encode(errors="surrogatepass"))
            survived += 1
        except Exception as problem:
            print(f"{kind}: {type(problem).__name__}: {problem}: {text!r}")
            return survived
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    return survived


def hang(*_: object) -> None:
    raise TimeoutError(f"no answer within {PATIENCE_S} s")


def main() -> None:
    inputs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    kinds = sys.argv[2:] or sorted(seeds_of())
    signal.signal(signal.SIGALRM, hang)
    whole = 0
    for kind in kinds:
        begun = time.monotonic()
        survived = fuzzed(kind, inputs)
        whole += survived == inputs
        print(f"{kind}: {survived} of {inputs} in {time.monotonic() - begun:.0f} s", flush=True)
    print(f"survived {whole} of {len(kinds)}")


if __name__ == "__main__":
    main()
