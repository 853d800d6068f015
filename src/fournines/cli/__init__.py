"""The command line: parse, call, print through ``report``, exit. Nothing below this package prints or exits.

Exit codes: 0 done, or nothing to do; 1 an error, an invariant that does not hold, or an audit that found what
it is to fail on; 2 a plan with changes, or a drill whose verdict is unknown; 130 interrupted.
``FOURNINES_DEBUG=1`` shows the traceback of an expected error too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from fournines.cli import auditing, changing, describing, drilling, looking, machines, recovering, reporting
from fournines.errors import ClusterFileError, FourninesError, Interrupted

app = typer.Typer(
    name="fournines", no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="One file becomes a highly available OpenStack control plane: planned, applied, verified, broken on "
         "purpose and measured.")
for part in (describing, auditing, changing, looking):
    part.add_to(app)
app.add_typer(machines.app, name="lab")
app.add_typer(drilling.app, name="drill")
app.add_typer(recovering.app, name="recover")
reporting.add_to(app)


@app.callback()
def _root(version: bool = typer.Option(False, "--version", help="Show the version.", is_eager=True,
                                       callback=describing.show_version)) -> None:
    """The options that come before a command."""


def main(argv: Sequence[str] | None = None) -> None:
    """The program ``fournines``; ends the process with the exit code."""
    sys.exit(run(sys.argv[1:] if argv is None else argv))


def run(argv: Sequence[str]) -> int:
    """Carry out one command line; the exit code. Errors are told on standard error."""
    try:
        code = app(args=list(argv), prog_name="fournines", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except typer.TyperException as problem:
        _tell(problem.format_message(), "fournines --help, or --help after a command, shows what it takes")
        return 1
    except ClusterFileError as problem:
        for finding in problem.findings:
            print(finding, file=sys.stderr)
        _tell(problem.message, problem.hint)
        return problem.exit_code
    except FourninesError as problem:
        if os.environ.get("FOURNINES_DEBUG"):
            raise
        _tell(problem.message, problem.hint)
        return problem.exit_code
    except (KeyboardInterrupt, typer.Abort):
        _tell("interrupted", "")
        return Interrupted.exit_code
    except BrokenPipeError:   # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _tell(what: str, hint: str) -> None:
    print(f"error: {what}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)
