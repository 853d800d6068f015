"""What the documentation says is true: the reference is that of the code, links lead somewhere, and every
command line that is quoted is one that the program takes."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from fournines.cli import app

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
PAGE_NAMES = [str(path.relative_to(ROOT)) for path in PAGES]
COMMAND = "fournines"
CLI = typer.main.get_command(app)
ENDS_A_COMMAND = ("|", ">", ">>", "&&", "||", ";", "&")


def test_the_reference_is_that_of_the_code(tmp_path: Path) -> None:
    """Otherwise: ``make reference``, and look at the difference."""
    subprocess.run([sys.executable, ROOT / "scripts" / "reference", tmp_path], check=True, timeout=60)
    made, kept = ({str(path.relative_to(root)): path.read_text(encoding="utf-8")
                   for path in root.rglob("*.md")} for root in (tmp_path, REFERENCE))
    assert kept.keys() == made.keys()
    for name, text in made.items():
        assert kept[name].splitlines() == text.splitlines(), f"{name} is old: make reference"


@pytest.mark.parametrize("page", PAGES, ids=PAGE_NAMES)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = [link for link in links(page.read_text(encoding="utf-8")) if not leads_somewhere(page, link)]
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=PAGE_NAMES)
def test_every_quoted_command_is_one_that_the_program_takes(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    refused = {line: reason for line in in_blocks(text) if (reason := refusal(line))}
    refused |= {line: reason for line in in_sentences(text)
                if (reason := refusal(line)) and not reason.startswith("Missing argument")}
    assert not refused


def test_the_readme_leads_to_the_whole_reference() -> None:
    linked = {ROOT / link for link in links((ROOT / "README.md").read_text(encoding="utf-8"))}
    assert not {*REFERENCE.glob("*.md")} - linked


def test_the_quoted_plan_is_one_that_is_shown() -> None:
    """An excerpt of how a plan is told, held against the test of the view that tells it."""
    quoted = (ROOT / "docs" / "how-to" / "read-a-plan.md").read_text(encoding="utf-8")
    view = (ROOT / "tests" / "report" / "test_plan_view.py").read_text(encoding="utf-8")
    block = re.search(r"^    wave 1\n(?:    .*\n)+", quoted, flags=re.MULTILINE)
    assert block
    assert textwrap.dedent(block[0]) in view


def test_the_readme_quotes_commands() -> None:
    quoted = list(in_blocks((ROOT / "README.md").read_text(encoding="utf-8")))
    assert "fournines lab up examples/three-controllers.yaml" in quoted


@pytest.mark.parametrize("line", [
    "lab raise", "frobnicate", "plan --colour", "lab power ctl1 sideways", "lab link ctl1 replication",
    "plan one.yaml two.yaml", "render --node"])
def test_a_wrong_command_line_is_refused(line: str) -> None:
    assert refusal(f"{COMMAND} {line}")


@pytest.mark.parametrize("line", [
    "", "--version", "lab", "check", "plan --via ssh --out plan.json", "lab exec ctl1 -- ls --all /",
    "lab power ctl1 shut-down"])
def test_a_right_one_is_taken(line: str) -> None:
    assert not refusal(f"{COMMAND} {line}")


def test_links_and_commands_are_found() -> None:
    text = ("See [a](b.md#c) and ![d](e.svg), not `[x](y)`.\n"
            "Say `fournines plan --json`, `a fournines run`.\n\n"
            "    fournines apply | tee log   # why\n\n```\nfournines check x.yaml && fournines plan\n```\n")
    assert list(links(text)) == ["b.md#c", "e.svg"]
    assert list(in_sentences(text)) == ["fournines plan --json"]
    assert list(in_blocks(text)) == ["fournines apply", "fournines check x.yaml", "fournines plan"]


def links(text: str) -> Iterator[str]:
    """The targets of links and pictures outside of code, those to other sites left out."""
    prose = re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    yield from (target for target in re.findall(r"\]\(([^)\s]+)\)", prose)
                if not re.match(r"[a-z]+:", target))


def leads_somewhere(page: Path, link: str) -> bool:
    """The file is there and, where the link names a heading of it, so is that."""
    name, _, anchor = link.partition("#")
    target = page.parent / name if name else page
    if not target.exists():
        return False
    return not anchor or anchor in anchors(target.read_text(encoding="utf-8"))


def anchors(text: str) -> set[str]:
    """The names that forges give to the headings of a page."""
    headings = re.findall(r"^#+ +(.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def in_sentences(text: str) -> Iterator[str]:
    """Our command lines in the midst of sentences, which may leave out what everybody knows."""
    for typed in re.findall(r"`([^`\n]+)`", text):
        yield from commands_of(typed)


def in_blocks(text: str) -> Iterator[str]:
    """Our command lines in blocks of code, fenced or indented."""
    fenced = False
    for line in text.splitlines():
        fenced ^= line.lstrip().startswith("```")
        if fenced or line.startswith("    "):
            yield from commands_of(line.strip())


def commands_of(typed: str) -> Iterator[str]:
    """Ours among the commands of one line of shell; a synopsis is none."""
    if not typed.startswith(f"{COMMAND} ") or "[OPTIONS]" in typed:
        return
    words: list[str] = []
    for word in (*shlex.split(typed, comments=True), ";"):
        if word not in ENDS_A_COMMAND:
            words.append(word)
            continue
        if words and words[0] == COMMAND:
            yield shlex.join(words)
        words = []


def refusal(line: str) -> str:
    """Why the real command line would not take this one; empty where it would. Nothing is run.

    The bare name of a command is a name, so it needs no arguments.
    """
    command, words = CLI, shlex.split(line)[1:]
    while isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return f"there is no command {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    if not words:
        return ""
    try:
        command.make_context(command.name, list(words))
    except typer.Exit:   # --help and --version
        return ""
    except typer.TyperException as problem:
        return problem.format_message()
    return ""
