"""The program ``fournines``, and ``python -m fournines``."""

from __future__ import annotations

import gc


def main() -> None:
    """Carry out the command line and end the process with the exit code."""
    # Most of what a command makes lives until it ends. At Python's own pace, looking for garbage among the
    # modules being loaded is a tenth of all that a plan does on this computer.
    gc.set_threshold(50_000, 20, 20)
    from fournines import cli

    try:
        cli.main()
    finally:
        gc.freeze()   # nor once more at the very end, where the operating system takes all of it back


if __name__ == "__main__":
    main()
