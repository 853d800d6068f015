"""commands.md: every command as the command line itself knows it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from enum import StrEnum

import markdown
import typer
from markdown import block, code, table
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from fournines import cli

_OF_TYPER = {"install_completion", "show_completion"}


def page() -> str:
    """One section for each command, in the order of ``fournines --help``."""
    root = typer.main.get_command(cli.app)
    if not isinstance(root, TyperGroup):
        raise TypeError("fournines has no commands")
    exit_codes = inspect.cleandoc(cli.__doc__ or "").split("\n\n")[1].replace("``", "`")
    return markdown.page(
        "Commands", root.help or "", exit_codes,
        "`-h` or `--help` after any command shows what is said here. With `--json` a command prints what "
        "programs can read, and nothing else.",
        table(("before a command", "what it does"), _options(root)),
        *_sections("fournines", root))


def _sections(above: str, group: TyperGroup) -> Iterator[str]:
    for name, command in group.commands.items():
        words = f"{above} {name}"
        yield f"{'##' if above == 'fournines' else '###'} {words}"
        if isinstance(command, TyperGroup):
            yield command.help or ""
            yield from _sections(words, command)
        elif isinstance(command, TyperCommand):
            yield from _section(words, command)


def _section(words: str, command: TyperCommand) -> Iterator[str]:
    arguments = [item for item in command.params if isinstance(item, TyperArgument)]
    options = tuple(_options(command))
    yield block(" ".join((words, *(["[OPTIONS]"] if options else []), *map(_placeholder, arguments))))
    about, examples = _split(command.help or "")
    yield about
    yield table(("argument", "what it is"), ((code(_placeholder(item)), _about(item)) for item in arguments))
    yield table(("option", "what it does"), options)
    if examples:
        yield block("\n".join(examples))


def _split(text: str) -> tuple[str, list[str]]:
    """The prose of a help text, and the command lines of its last paragraph."""
    about, found, examples = text.rpartition("\n\nExample")
    return (about, re.findall(r"`([^`]+)`", examples)) if found else (text, [])


def _options(command: TyperCommand | TyperGroup) -> Iterator[tuple[str, str]]:
    for item in command.params:
        if isinstance(item, TyperOption) and not item.hidden and item.name not in _OF_TYPER:
            names = ", ".join((*item.opts, *item.secondary_opts))
            yield code(names if item.is_flag else f"{names} {_placeholder(item)}"), _about(item)


def _placeholder(item: TyperArgument | TyperOption) -> str:
    """What stands for the value: its own word, or the words that it may be."""
    return item.metavar or "|".join(_choices(item)) or (item.name or "").upper()


def _choices(item: TyperArgument | TyperOption) -> list[str]:
    kind = item.type_descriptor.annotation
    return [each.value for each in kind] if isinstance(kind, type) and issubclass(kind, StrEnum) else []


def _about(item: TyperArgument | TyperOption) -> str:
    default = "" if item.required or item.default in (None, "", False) else f" Default: `{item.default}`."
    return f"{item.help or ''}{default}"
