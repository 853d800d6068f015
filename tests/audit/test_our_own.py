"""Our own conscience: what we render has no finding above info."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fournines.audit.cloud import Cloud, Goal
from fournines.audit.collect import collect
from fournines.audit.formats import read
from fournines.audit.judge import Audit, judge
from fournines.cli.opened import Opened, open_cluster
from fournines.errors import ClusterFileError
from fournines.findings import Severity

ROOT = Path(__file__).parents[2]
RENDERED = sorted((ROOT / "tests" / "golden" / "rendered").iterdir())
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


def said(audit: Audit) -> list[str]:
    return [f"{verdict.rule.id} {verdict.finding}" for verdict in audit.open
            if verdict.severity is not Severity.INFO]


@pytest.mark.parametrize("folder", RENDERED, ids=lambda path: path.name)
def test_the_kept_files_of_an_example_are_good(folder: Path) -> None:
    audit = judge(collect([folder]))
    assert audit.files > 2 * audit.nodes > 3
    assert said(audit) == []


def compiled(file: Path, promise: str) -> Opened | None:
    """None where it could not keep that promise, and says so."""
    try:
        return open_cluster(file)
    except ClusterFileError as refused:
        problems = [finding.summary for finding in refused.findings]
    kept = f"recover_within is {promise[:-1]} s, but"
    assert all(problem.startswith(kept) for problem in problems), problems
    return None


@pytest.mark.parametrize("promise", ["5s", "10s", "15s", "30s", "1m", "5m"])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_compiled_is_good_with_any_promise(example: Path, promise: str, tmp_path: Path) -> None:
    """Or refused, because it could not keep that; with its permissions, which the kept files have not."""
    file = tmp_path / example.name
    file.write_text(re.sub(r"(recover_within:) \S+", rf"\1 {promise}", example.read_text()))
    opened = compiled(file, promise)
    if opened is None:
        return
    rendered = opened.blueprint_with_placeholders().files
    files = [read(node, item.path, f"{node}{item.path}", item.content, item.mode)
             for node, items in rendered.items() for item in items]
    goal = Goal(opened.cluster.recovery.recover_within_s, "recover_within")
    assert said(judge(Cloud(tuple(file for file in files if file is not None), goal=goal))) == []
