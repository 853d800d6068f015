"""What the programs themselves accept of the examples that Debian ships with them is understood whole."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fournines.artifacts import drbd, haproxy, keepalived
from fournines.artifacts.document import Complain
from fournines.audit.cloud import Cloud, File
from fournines.audit.judge import judge
from fournines.errors import Unparsable

HAPROXY, KEEPALIVED, DRBD = (sorted(path for pattern in patterns for path in Path("/").glob(pattern))
                             for patterns in (
    ("usr/share/doc/haproxy/examples/*.cfg", "etc/haproxy/haproxy.cfg"),
    ("usr/share/doc/keepalived/samples/keepalived.conf*", "etc/keepalived/keepalived.conf.sample"),
    ("usr/share/doc/drbd-utils/examples/*", "etc/drbd.conf", "etc/drbd.d/global_common.conf"),
))


def understood(path: Path, parse: Callable[[str, Complain], object]) -> list[Unparsable]:
    """The problems of our reader with a file, which is then audited: that must end, too."""
    problems: list[Unparsable] = []
    document = parse(path.read_text(encoding="utf-8", errors="replace"), problems.append)
    judge(Cloud((File("a", str(path), str(path), document, tuple(problems)),)))
    return problems


def accepted(*argv: str) -> bool:
    return subprocess.run(argv, check=False, capture_output=True, timeout=60).returncode == 0


@pytest.mark.tool("haproxy", "haproxy")
def test_haproxys_examples(tool: str) -> None:
    taken = [path for path in HAPROXY if accepted(tool, "-c", "-f", str(path))]
    assert len(taken) >= 5
    assert not [(path, problem) for path in taken for problem in understood(path, haproxy.parse)]


@pytest.mark.tool("keepalived", "keepalived")
def test_keepaliveds_examples(tool: str) -> None:
    """Some name interfaces of other machines, which Keepalived refuses; we read those as well."""
    assert sum(accepted(tool, "--config-test", "-f", str(path)) for path in KEEPALIVED) >= 10
    assert not [(path, problem) for path in KEEPALIVED for problem in understood(path, keepalived.parse)]


@pytest.mark.tool("drbdadm", "drbd-utils")
def test_drbds_examples(tool: str) -> None:
    taken = [path for path in DRBD if accepted(tool, "-c", str(path), "dump")]
    assert taken
    assert not [(path, problem) for path in taken for problem in understood(path, drbd.parse)]
