"""Our own conscience: what we render has no finding above info."""

from __future__ import annotations

from pathlib import Path

import pytest

from fournines.audit.cloud import Cloud
from fournines.audit.collect import collect
from fournines.audit.formats import read
from fournines.audit.judge import Audit, judge
from fournines.cli.opened import open_cluster
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


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_compiled_is_good_with_its_permissions(example: Path) -> None:
    rendered = open_cluster(example).blueprint_with_placeholders().files
    files = [read(node, item.path, f"{node}{item.path}", item.content, item.mode)
             for node, items in rendered.items() for item in items]
    assert said(judge(Cloud(tuple(file for file in files if file is not None)))) == []
