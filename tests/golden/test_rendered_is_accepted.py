"""The rendered examples as the programs see them that will read them, and as our own parsers do."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from fournines.artifacts import (
    cib,
    corosync,
    drbd,
    environment,
    erlang,
    haproxy,
    hosts,
    ini,
    keepalived,
    rabbitmq,
    sysctl,
    systemd,
)
from fournines.artifacts.ini import Dialect

from .test_rendered import EXAMPLES, GOLDEN


def every_example_with(path: str) -> pytest.MarkDecorator:
    """Those whose nodes have that file."""
    having = [example for example in EXAMPLES if list((GOLDEN / example.stem).glob(f"*/{path}"))]
    return pytest.mark.parametrize("example", having, ids=lambda example: example.stem)


def nodes_of(example: Path) -> list[Path]:
    """The folders of its nodes."""
    return sorted((GOLDEN / example.stem).iterdir())


def ini_of(dialect: Dialect) -> Callable[[str], str]:
    return lambda text: ini.emit(ini.parse(text, dialect))


REWRITERS: dict[str, Callable[[str], str]] = {
    r"etc/hosts": lambda text: hosts.emit(hosts.parse(text)),
    r"etc/sysctl\.d/.*": lambda text: sysctl.emit(sysctl.parse(text)),
    r"etc/systemd/.*": lambda text: systemd.emit(systemd.parse(text)),
    r"etc/corosync/corosync\.conf": lambda text: corosync.emit(corosync.parse(text)),
    r"etc/drbd\.d/.*": lambda text: drbd.emit(drbd.parse(text)),
    r"etc/fournines/cib\.xml": lambda text: cib.emit(cib.parse(text)),
    r"etc/mysql/.*\.cnf": ini_of(Dialect.MY_CNF),
    r".*-uwsgi\.ini": ini_of(Dialect.UWSGI),
    r"etc/(keystone|glance)/.*\.conf": ini_of(Dialect.OSLO),
    r"etc/haproxy/haproxy\.cfg": lambda text: haproxy.emit(haproxy.parse(text)),
    r"etc/keepalived/keepalived\.conf": lambda text: keepalived.emit(keepalived.parse(text)),
    r"etc/rabbitmq/rabbitmq\.conf": lambda text: rabbitmq.emit(rabbitmq.parse(text)),
    r"etc/rabbitmq/rabbitmq-env\.conf": lambda text: environment.emit(environment.parse(text)),
    r"etc/rabbitmq/advanced\.config": lambda text: erlang.emit(erlang.parse(text)),
    r"etc/rabbitmq/definitions\.json":
        lambda text: rabbitmq.emit_definitions(rabbitmq.parse_definitions(text)),
}


@pytest.mark.parametrize("pattern", REWRITERS)
def test_what_is_rendered_is_read_and_written_the_same(pattern: str) -> None:
    files = [path for example in EXAMPLES for node in nodes_of(example) for path in node.rglob("*")
             if path.is_file() and re.fullmatch(pattern, str(path.relative_to(node)))]
    assert files
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert REWRITERS[pattern](text) == text


def run(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
                          check=False)


@every_example_with("etc/haproxy/haproxy.cfg")
@pytest.mark.tool("haproxy", "haproxy")
def test_haproxy_accepts_its_configuration(tool: str, example: Path) -> None:
    for node in nodes_of(example):
        checked = run([tool, "-c", "-f", f"{node}/etc/haproxy/haproxy.cfg"])
        assert checked.returncode == 0, checked.stderr
        assert "WARNING" not in checked.stderr


@every_example_with("etc/mysql")
@pytest.mark.tool("mariadbd", "mariadb-server-core")
def test_mariadb_knows_every_option(tool: str, example: Path, tmp_path: Path) -> None:
    together = tmp_path / "my.cnf"
    for node in nodes_of(example):
        parts = [path.read_text() for path in sorted((node / "etc/mysql").rglob("*.cnf"))]
        together.write_text("".join(parts))
        checked = run([tool, f"--defaults-file={together}", "--user=root", "--verbose", "--help"])
        assert checked.returncode == 0, checked.stderr
        assert "[ERROR]" not in checked.stderr


@every_example_with("etc/drbd.d")
@pytest.mark.tool("/lib/drbd/drbdadm-84*", "drbd-utils")
def test_drbdadm_reads_what_was_meant(tool: str, example: Path, tmp_path: Path) -> None:
    """The one for the 8.4 of Debian's kernel: drbdadm itself starts it there."""
    for node in nodes_of(example):
        place = tmp_path / node.name
        shutil.copytree(node / "etc/drbd.d", place / "drbd.d")
        whole = place / "drbd.conf"
        whole.write_text('include "drbd.d/global_common.conf";\ninclude "drbd.d/*.res";\n')
        for resource in sorted((place / "drbd.d").glob("*.res")):
            command = [tool, "-c", whole, "--dry-run", "up", resource.stem]
            said = subprocess.run(command, timeout=60, text=True,
                                  env={"__DRBD_NODE__": node.name}, capture_output=True, check=False)
            assert said.returncode == 0, said.stderr
            assert "--fencing=resource-and-stonith" in said.stdout
            assert "--protocol=C" in said.stdout


@every_example_with("etc/systemd/system")
@pytest.mark.tool("systemd-analyze", "systemd")
def test_systemd_knows_every_setting(tool: str, example: Path, tmp_path: Path) -> None:
    """That a command is not installed here is not held against a unit."""
    for node in nodes_of(example):
        units = _whole_units(node / "etc/systemd/system", tmp_path / node.name)
        assert units
        said = run([tool, "verify", *map(str, units)]).stderr.splitlines()
        assert not [line for line in said if str(tmp_path) in line or "bad unit file setting" in line]


def _whole_units(source: Path, target: Path) -> list[Path]:
    """A copy of the units, with units of ours below the drop-ins of those that Debian brings."""
    shutil.copytree(source, target)
    service = "[Service]\nExecStart=/bin/true\n"
    for unit in [drop_ins.with_suffix("") for drop_ins in target.glob("*.d")]:
        if unit.suffix == ".socket":
            unit.write_text("[Socket]\nListenStream=1\n")
            unit.with_suffix(".service").write_text(service)
        elif not unit.exists():
            unit.write_text(service)
    return sorted(path for path in target.iterdir() if path.is_file())


@every_example_with("etc/rabbitmq/advanced.config")
@pytest.mark.tool("erl", "erlang-base")
def test_erlang_reads_the_advanced_configuration(tool: str, example: Path) -> None:
    for node in nodes_of(example):
        read = f'{{ok, [_]}} = file:consult("{node}/etc/rabbitmq/advanced.config"), halt(0).'
        checked = run([tool, "-noshell", "-eval", read])
        assert checked.returncode == 0, checked.stdout + checked.stderr
