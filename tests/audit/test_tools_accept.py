"""What the programs themselves accept of the examples that Debian ships with them is understood whole."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fournines.artifacts import cib, corosync, drbd, haproxy, keepalived
from fournines.artifacts.document import Complain
from fournines.audit.cloud import Cloud, File
from fournines.audit.judge import judge
from fournines.errors import Unparsable

from .documented import cib_examples, corosync_examples

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


def accepted_of(texts: list[str], named: Path, *argv: str) -> list[Path]:
    """Files with those of the texts that a tool accepts."""
    files = [named.with_name(f"{number}-{named.name}") for number in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)
    return [file for file in files if accepted(*argv, str(file))]


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


@pytest.mark.tool("corosync", "corosync")
def test_corosyncs_examples(tool: str, tmp_path: Path) -> None:
    shipped = Path("/etc/corosync/corosync.conf").read_text(encoding="utf-8")
    taken = accepted_of([*corosync_examples(), shipped], tmp_path / "corosync.conf", tool, "-t", "-c")
    assert not [(path, problem) for path in taken for problem in understood(path, corosync.parse)]
    assert len(taken) >= 10


@pytest.mark.tool("crm_verify", "pacemaker-cli-utils")
def test_pacemakers_examples(tool: str, tmp_path: Path) -> None:
    examples = list(cib_examples())
    if not examples:
        pytest.skip("needs the books of the Debian package pacemaker-doc")
    taken = accepted_of(examples, tmp_path / "cib.xml", tool, "--xml-file")
    assert not [(path, problem) for path in taken for problem in understood(path, cib.parse)]
    assert len(taken) >= 70
