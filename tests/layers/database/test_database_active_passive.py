"""The database that moves: its group, when its data directory is made, and where its accounts are."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fournines.artifacts import ini
from fournines.blueprint.requests import Run
from fournines.blueprint.resources import RESOURCES, Placed, Placements
from fournines.blueprint.snapshot import Absent, Snapshot, Unreadable
from fournines.blueprint.volumes import DEVICES
from fournines.cluster.timers import derive
from fournines.cluster.topology import Cluster
from fournines.errors import ClusterFileError
from fournines.layers.database import LAYER
from fournines.layers.database.active_passive import health, procedures
from fournines.layers.database.artifacts import DROP_IN, SERVER_FILE
from fournines.layers.database.node import mysql_data
from fournines.layers.database.spec import DatabaseSpec
from fournines.layers.layer import Site
from fournines.layers.storage.health import METADATA, Device

NODES = ("node1", "node2")
SIDE = Device(METADATA, used=True, filesystem="xfs", connection="Connected", role="Secondary",
              peer_role="Secondary", disk="UpToDate", peer_disk="UpToDate", current="7A", base="", history=())


@pytest.fixture
def site(guide_site: Site) -> Site:
    return guide_site


def seen(*, data: health.Data | Absent, runs: str = "", disk: str = "UpToDate") -> Snapshot:
    placements = Placements(quorate=True, dc="node1", online=NODES, offline=(),
                            placed=(Placed("p_mysql", runs, "Started"),) if runs else ())
    return Snapshot({node: {health.DATA: data, DEVICES: {"mysql": replace(SIDE, disk=disk)},
                            RESOURCES: placements} for node in NODES}, {})


def test_the_group_is_the_guides(site: Site) -> None:
    asked = LAYER.exchange(site.cluster, site.timers)
    (group,) = asked.resources.groups
    assert (group.id, group.members) == ("g_mysql", ("p_ip_mysql", "p_fs_mysql", "p_mysql"))
    (colocation,), (order,) = asked.resources.colocations, asked.resources.orders
    assert (colocation.resource, colocation.with_resource, colocation.with_role, colocation.score) == (
        "g_mysql", "ms_drbd_mysql", "Promoted", "INFINITY")
    assert (order.first, order.first_action, order.then, order.then_action) == (
        "ms_drbd_mysql", "promote", "g_mysql", "start")
    vip = next(each for each in asked.resources.primitives if each.id == "p_ip_mysql")
    assert vip.parameters["ip"] == "192.168.42.101"
    assert asked.listeners == ()


def test_it_listens_on_the_address_that_moves_and_both_nodes_have_the_same_files(site: Site) -> None:
    written = LAYER.contribute(site).files
    assert written["node1"] == written["node2"]
    texts = {each.path: each.content.decode() for each in written["node1"]}
    (server,) = ini.parse(texts[SERVER_FILE], ini.Dialect.MY_CNF).sections
    values = {entry.key: entry.value for entry in server.entries}
    assert values["bind_address"] == "192.168.42.101"
    assert values["innodb_flush_log_at_trx_commit"] == "1"
    assert values["innodb_buffer_pool_size_max"] == values["innodb_buffer_pool_size"] == "128M"
    assert "Restart=no" in texts[DROP_IN]


@pytest.mark.parametrize(("snapshot", "done", "may"), [
    (seen(data=health.Data(made=False, own=())), False, True),
    (seen(data=health.Data(made=True, own=())), True, True),
    (seen(data=health.Data(made=False, own=("glance",))), False, False),
    (seen(data=health.Data(made=False, own=()), disk="Inconsistent"), False, False),
    (seen(data=Absent("no answer")), None, None),
])
def test_a_data_directory_is_made_once_and_hides_no_database(site: Site, snapshot: Snapshot,
                                                             done: bool | None, may: bool | None) -> None:
    make = next(step for step in LAYER.contribute(site).steps if step.name == procedures.MAKE)
    assert make.unless is not None
    assert make.only_if is not None
    assert make.unless.judge(snapshot, "node1").truth is done
    assert make.only_if.judge(snapshot, "node1").truth is may


def test_a_database_that_runs_with_older_files_is_started_anew_before_anything_needs_it(site: Site) -> None:
    steps = {step.name: step for step in LAYER.contribute(site).steps}
    assert procedures.RESTART in steps[procedures.ACCOUNTS].needs
    assert LAYER.exchange(site.cluster, site.timers).before_service_resources == (procedures.RESTART,)
    (asked,) = [probe.requests["node1"] for probe in LAYER.contribute(site).probes
                if probe.name == "database.configuration.mariadb"]
    assert isinstance(asked, Run)
    assert asked.argv[4:] == ("mariadb.service", SERVER_FILE, DROP_IN)


def test_accounts_are_made_where_it_runs(site: Site) -> None:
    accounts = next(step for step in LAYER.contribute(site).steps if step.name == procedures.ACCOUNTS)
    assert accounts.only_if is not None
    running = seen(data=health.Data(made=True, own=()), runs="node2")
    assert [accounts.only_if.judge(running, node).truth for node in NODES] == [False, True]


@pytest.mark.parametrize(("spec", "why"), [
    (DatabaseSpec(pattern="active-passive", volume="nothing"), "there is no such volume"),
    (DatabaseSpec(pattern="active-passive", volume="rabbitmq"), "where MariaDB does not look"),
])
def test_it_needs_its_volume_where_it_keeps_data(guide: Cluster, spec: DatabaseSpec, why: str) -> None:
    wrong = replace(guide, layers={**guide.layers, "database": spec})
    with pytest.raises(ClusterFileError) as refused:
        LAYER.exchange(wrong, derive(wrong))
    assert [why in finding.summary for finding in refused.value.findings] == [True]


def test_what_a_node_tells_is_read() -> None:
    reply = {"rc": 0, "stdout": '{"made": true, "own": ["glance"]}', "stderr": ""}
    assert health.parse_data(reply) == health.Data(made=True, own=("glance",))  # type: ignore[arg-type]
    with pytest.raises(Unreadable):
        health.parse_data({"rc": 0, "stdout": "{}", "stderr": ""})


def test_a_directory_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    with pytest.raises(SystemExit, match="letters, which is no data directory"):
        mysql_data.make(tmp_path)
    assert (tmp_path / "letters").is_dir()


def test_a_data_directory_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mysql").mkdir()
    (tmp_path / "ibdata1").write_bytes(b"x")
    mysql_data.make(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ibdata1", "mysql"]


def test_databases_below_the_mount_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mysql_data, "SEEN", tmp_path / "seen")
    for name in ("mysql", "sys", "performance_schema", "glance"):
        (tmp_path / "data" / name).mkdir(parents=True)
    told = subprocess.run([sys.executable, mysql_data.__file__, "own", str(tmp_path / "data")],
                          capture_output=True, text=True, check=True)   # without a volume, and its settings
    assert json.loads(told.stdout) == ["glance"]
    device = tmp_path / "drbd0"
    assert mysql_data.facts(tmp_path / "data", device) == {"made": False, "own": ["glance"]}
    mysql_data.remember()
    assert mysql_data.facts(tmp_path / "elsewhere", device) == {"made": True, "own": []}


def moving(guide_site: Site) -> Site:
    """The guide's cluster, where node1 has databases of before."""
    layers = guide_site.cluster.layers
    spec = layers["database"]
    assert isinstance(spec, DatabaseSpec)
    moved = replace(spec, existing_data="node1")
    return replace(guide_site, cluster=replace(guide_site.cluster, layers={**layers, "database": moved}))


@pytest.mark.parametrize(("one", "other", "may"), [
    (("glance",), (), True), ((), (), False), (("glance",), ("nova",), False),
])
def test_databases_of_before_are_moved_from_the_node_that_is_named(
        site: Site, one: tuple[str, ...], other: tuple[str, ...], may: bool) -> None:
    asked = moving(site)
    step = next(each for each in LAYER.contribute(asked).steps if each.name.startswith("database: move"))
    assert step.name in LAYER.exchange(asked.cluster, asked.timers).before_resources
    assert list(step.do) == ["node1"]
    assert step.only_if is not None
    told = Snapshot({node: {health.DATA: health.Data(made=False, own=own), DEVICES: {"mysql": SIDE}}
                     for node, own in (("node1", one), ("node2", other))}, {})
    assert step.only_if.judge(told, "node1").truth is may


def test_only_a_controller_has_databases_of_before(guide: Cluster) -> None:
    spec = DatabaseSpec(pattern="active-passive", existing_data="node7")
    wrong = replace(guide, layers={**guide.layers, "database": spec})
    with pytest.raises(ClusterFileError) as refused:
        LAYER.exchange(wrong, derive(wrong))
    assert "node7, which is no controller" in refused.value.findings[0].summary
    with pytest.raises(ValueError, match="for the pattern active-passive"):
        DatabaseSpec(existing_data="node1")


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """What a server leaves, as far as files go."""
    source = tmp_path / "mysql-of-before"
    for name in ("mysql", "glance"):
        (source / name).mkdir(parents=True)
    (source / "ibdata1").write_bytes(b"i" * 100)
    (source / "glance" / "images.ibd").write_bytes(b"g" * 100)
    return source


def test_what_is_moved_is_compared_and_done_once(before: Path, tmp_path: Path,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    volume = tmp_path / "volume"
    (volume / "lost+found").mkdir(parents=True)
    mysql_data.move(before, volume)
    mysql_data.move(before, volume)   # as after a crash between two of its parts
    assert (volume / "glance" / "images.ibd").read_bytes() == b"g" * 100
    (volume / "ibdata1").write_bytes(b"i" * 99 + b"x")
    with pytest.raises(SystemExit, match="the first is ibdata1"):
        mysql_data.move(before, volume)
    mysql_data.set_aside(before)
    assert list(before.iterdir()) == []
    assert (tmp_path / "mysql-of-before.before-fournines" / "glance" / "images.ibd").exists()


def test_a_half_way_copy_is_made_anew(before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()

    def fails(*argv: str, timeout_s: float = 0.0) -> None:
        (volume / "ibdata1").write_bytes(b"i")
        raise SystemExit("no space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(mysql_data, "run", fails)
        with pytest.raises(SystemExit):
            mysql_data.move(before, volume)
    assert not mysql_data.is_finished(volume)
    mysql_data.move(before, volume)
    assert (volume / "ibdata1").read_bytes() == b"i" * 100
    assert mysql_data.is_finished(volume)


def test_what_cannot_be_moved_is_refused_and_nothing_is_written(before: Path, tmp_path: Path,
                                                                monkeypatch: pytest.MonkeyPatch) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    server = subprocess.Popen(["sleep", "60"], cwd=before)
    try:
        with pytest.raises(SystemExit, match=f"process {server.pid} works in"):
            mysql_data.move(before, volume)
    finally:
        server.kill()
        server.wait()
    (before / "nova").symlink_to("/srv/nova")
    with pytest.raises(SystemExit, match="nova is a link to /srv/nova"):
        mysql_data.move(before, volume)
    (before / "nova").unlink()
    full = shutil.disk_usage(volume)._replace(free=150)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    with pytest.raises(SystemExit, match="has room for"):
        mysql_data.move(before, volume)
    assert list(volume.iterdir()) == []
    with pytest.raises(SystemExit, match="is no data directory"):
        mysql_data.move(volume, volume)


@pytest.mark.tool("mariadbd", "mariadb-server-core")
def test_a_server_finds_its_rows_where_they_were_moved(tool: str, tmp_path: Path) -> None:
    source, volume = tmp_path / "mysql", tmp_path / "volume"
    source.mkdir()
    volume.mkdir()

    def say(directory: Path, statements: str) -> None:
        subprocess.run([tool, "--no-defaults", f"--datadir={directory}", "--user=root", "--bootstrap",
                        "--innodb-buffer-pool-size=16M", "--innodb-buffer-pool-size-max=16M"],
                       input=statements, check=True, capture_output=True, text=True, timeout=120)

    say(source, "CREATE DATABASE mysql;\nCREATE DATABASE glance;\n"
                "CREATE TABLE glance.images (id INT PRIMARY KEY) ENGINE=InnoDB;\n"
                "INSERT INTO glance.images VALUES (1), (2);\n")
    mysql_data.move(source, volume)
    ids = "SELECT id FROM glance.images ORDER BY id"
    say(volume, f"INSERT INTO glance.images VALUES (3);\n{ids} INTO OUTFILE '{tmp_path}/rows';\n")  # noqa: S608
    assert (tmp_path / "rows").read_text().split() == ["1", "2", "3"]
