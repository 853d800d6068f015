"""The database layer: its files, its order, its judgements."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from fournines.artifacts import ini, systemd
from fournines.blueprint.contribution import Spread
from fournines.blueprint.files import NodeFile
from fournines.blueprint.requests import JsonValue, UnitFacts
from fournines.blueprint.snapshot import Absent, Gone, Snapshot, Unreadable
from fournines.blueprint.steps import Step
from fournines.cluster.timers.derive import derive
from fournines.engine.services import service_steps
from fournines.layers.database import LAYER, artifacts, health, procedures
from fournines.layers.database.node.galera_health import Settings as HealthSettings
from fournines.layers.database.node.galera_start import NOBODY
from fournines.layers.database.node.galera_start import Settings as StartSettings
from fournines.layers.database.spec import DatabaseSpec
from fournines.layers.layer import Site

MEMBERS = ("ctl1", "ctl2", "ctl3")
SERVES = health.DatabaseState(serving=True, reason="Synced", primary=True)
# As a package leaves it, a server of its own, a member, and one that is half copied.
EMPTY, STRANGER, USED, COPYING = (
    {health.HISTORY: health.History(blank, recorded), health.OWN: health.Own(own)}
    for blank, recorded, own in ((True, False, ()), (True, False, ("glance",)), (False, True, ("glance",)),
                                 (True, True, ("glance",))))


def files_of(site: Site, node: str) -> dict[str, NodeFile]:
    return {file.path: file for file in LAYER.contribute(site).files[node]}


def mysqld(site: Site, node: str) -> dict[str, str | None]:
    content = files_of(site, node)[artifacts.SERVER_FILE].content.decode()
    (section,) = ini.parse(content, ini.Dialect.MY_CNF).sections
    return {entry.key: entry.value for entry in section.entries}


def test_acknowledged_writes_are_on_disk(site: Site) -> None:
    settings = mysqld(site, "ctl1")
    assert settings["innodb_flush_log_at_trx_commit"] == "1"
    assert settings["sync_binlog"] == "1"
    assert settings["binlog_format"] == "ROW"
    assert settings["innodb_autoinc_lock_mode"] == "2"


def test_clients_and_replication_have_their_own_networks(site: Site) -> None:
    settings = mysqld(site, "ctl2")
    assert settings["bind_address"] == "192.168.42.12"
    assert settings["wsrep_cluster_address"] == "gcomm://10.0.42.11:4567,10.0.42.12:4567,10.0.42.13:4567"
    assert settings["wsrep_node_address"] == "10.0.42.12"
    assert settings["wsrep_sst_donor"] == "ctl1,ctl3,"


def test_provider_options_come_from_the_timers(site: Site) -> None:
    written = mysqld(site, "ctl1")["wsrep_provider_options"] or ""
    options = dict(item.split("=") for item in written.split(";"))
    assert options["evs.suspect_timeout"] == f"PT{site.timers.seconds('galera.suspect_timeout'):g}S"
    assert options["gmcast.listen_addr"] == "tcp://10.0.42.11:4567"
    assert options["pc.recovery"] == "no"


def test_the_sst_password_is_in_one_file_that_few_may_read(site: Site) -> None:
    files = files_of(site, "ctl1")
    holders = [path for path, file in files.items() if b"sst-password" in file.content]
    assert holders == [artifacts.SST_FILE]
    file = files[artifacts.SST_FILE]
    assert (file.mode, file.owner, file.group, file.secret) == (0o640, "root", "mysql", True)


def test_the_scripts_understand_their_settings(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "galera.json"
    path.write_bytes(files_of(site, "ctl2")[artifacts.SETTINGS_FILE].content)
    start, probing = StartSettings.load(str(path)), HealthSettings.load(str(path))
    assert list(start.members) == list(MEMBERS)
    assert start.node == probing.node == "ctl2"
    assert probing.poll_s < probing.stale_after_s < probing.frozen_s < probing.settle_s


def test_a_long_check_does_not_make_a_healthy_member_look_silent(site: Site, tmp_path: Path) -> None:
    """A fifth of 30 s was longer than the silence after which a member serves nobody."""
    cluster = replace(site.cluster, overrides={"haproxy.database.check": "30s"})
    path = tmp_path / "galera.json"
    found = files_of(replace(site, cluster=cluster, timers=derive(cluster)), "ctl1")
    path.write_bytes(found[artifacts.SETTINGS_FILE].content)
    probing = HealthSettings.load(str(path))
    assert probing.poll_s < probing.stale_after_s / 2 < probing.frozen_s / 2


def test_mariadb_starts_by_decision_and_never_gives_up(site: Site) -> None:
    unit = systemd.parse(files_of(site, "ctl1")[artifacts.DROP_IN].content.decode())
    entries = [entry for section in unit.sections for entry in section.entries]
    service = {entry.key: entry.value for entry in entries}
    hooks = [entry.value for entry in entries if entry.key == "ExecStartPost"]
    assert hooks[0] == ""   # none of Debian's, which upgrades system tables while the member joins
    assert len(hooks) == 3
    before = [entry.value for entry in entries if entry.key == "ExecStartPre"]
    assert before == ["+/usr/bin/python3 /usr/lib/fournines/galera_start.py start",
                      "+/usr/bin/python3 /usr/lib/fournines/galera_priority.py"]
    assert service["TimeoutStartSec"] == "infinity"
    assert service["StartLimitIntervalSec"] == "0"


def test_the_listener_leads_to_one_writer(site: Site) -> None:
    (listener,) = LAYER.exchange(site.cluster, site.timers).listeners
    assert (listener.port, listener.mode, listener.check_path, listener.check_port, listener.spread) == (
        3306, "tcp", "/", 9200, Spread.ONE_ACTIVE)
    # Not first where the VIP is first: one lost node, one role that moves.
    assert listener.members == ("ctl3", "ctl2", "ctl1")


def bootstrap_allowed(site: Site, snapshot: Snapshot) -> tuple[bool | None, bool | None]:
    """Whether there is nothing to do, and whether it may be done."""
    step = next(step for step in procedures.steps(site) if step.name == procedures.ALLOW_BOOTSTRAP)
    assert step.unless is not None
    assert step.only_if is not None
    return step.unless.judge(snapshot, "ctl1").truth, step.only_if.judge(snapshot, "ctl1").truth


def test_the_first_bootstrap_needs_every_member_known_and_empty(site: Site) -> None:
    fresh = {name: EMPTY for name in MEMBERS}
    assert bootstrap_allowed(site, Snapshot(fresh, {})) == (False, True)
    assert bootstrap_allowed(site, Snapshot({**fresh, "ctl3": USED}, {}))[0] is True
    two = {name: fresh[name] for name in MEMBERS[:2]}
    assert bootstrap_allowed(site, Snapshot(two, {"ctl3": Gone("no route")})) == (None, None)
    for silent in (health.HISTORY, health.OWN):
        known = {**EMPTY, silent: Absent("timed out")}
        assert bootstrap_allowed(site, Snapshot({**two, "ctl3": known}, {}))[1] is None


def test_the_first_bootstrap_destroys_no_databases_of_another_member(site: Site) -> None:
    """They have no grastate.dat, and were taken for empty."""
    fresh = {name: EMPTY for name in MEMBERS}
    assert bootstrap_allowed(site, Snapshot({**fresh, "ctl1": STRANGER}, {})) == (False, True)
    assert bootstrap_allowed(site, Snapshot({**fresh, "ctl2": STRANGER}, {})) == (False, False)


@pytest.mark.parametrize(("members", "allowed"), [
    ((EMPTY, EMPTY, EMPTY), True),               # the first apply
    ((STRANGER, EMPTY, EMPTY), True),            # and where the first is bootstrapped from what it has
    ((USED, USED, USED), True),                  # back from an outage
    ((EMPTY, USED, USED), True),                 # an empty machine in place of a broken one
    ((COPYING, USED, USED), True),               # a copy of all data was interrupted
    ((STRANGER, USED, USED), False),
    ((USED, None, USED), True),                  # a silent one is no matter of another's
    ((STRANGER, None, EMPTY), None),
])
def test_a_member_that_would_lose_databases_is_not_started(
        site: Site, members: tuple[Mapping[str, object] | None, ...], allowed: bool | None) -> None:
    (start, restart), snapshot = mariadb_steps(site), Snapshot(
        {name: {**seen, health.STATE: SERVES} for name, seen in zip(MEMBERS, members, strict=True) if seen},
        {name: Gone("off") for name, seen in zip(MEMBERS, members, strict=True) if not seen})
    assert start.only_if is not None
    assert start.only_if.judge(snapshot, "ctl1").truth is allowed
    assert restart.only_if is not None
    if None not in members:   # without one of them the others' state forbids a restart anyway
        assert restart.only_if.judge(snapshot, "ctl1").truth is allowed
    assert "would lose them" in start.refusal
    assert "would lose them" in restart.refusal


def test_the_guard_is_judged_by_its_own_unit(site: Site) -> None:
    """The health endpoint answers whether or not it runs."""
    part = LAYER.contribute(site)
    guard = next(each for each in part.services if each.unit == artifacts.GUARD_UNIT)
    probe = next(each for each in part.probes if each.name == health.GUARD)
    assert probe.requests["ctl2"] == UnitFacts((artifacts.GUARD_UNIT,))
    for state, truth in (("active", True), ("failed", False)):
        seen = {health.GUARD: probe.parse({artifacts.GUARD_UNIT: {"active": state}}), health.STATE: SERVES}
        assert guard.ready.holds.judge(Snapshot({"ctl2": seen}, {}), "ctl2").truth is truth


def mariadb_steps(site: Site) -> tuple[Step, Step]:
    part = LAYER.contribute(site)
    service = next(each for each in part.services if each.unit == artifacts.MARIADB_UNIT)
    made = service_steps("database", service, part.files)
    return made.start, made.changes[-1]


def test_what_galera_and_the_directory_say_of_a_member() -> None:
    record = f"version: 2.1\nuuid:    {NOBODY}\nseqno:   -1\nsafe_to_bootstrap: 0\n"
    def reply(text: str) -> JsonValue:
        return {"content": base64.b64encode(text.encode()).decode()}

    assert health.parse_history(None) == health.History(blank=True, recorded=False)
    assert health.parse_history(reply(record)) == health.History(blank=True, recorded=True)
    uuid = "868707a4-e6b8-11f1-a9f7-ceb53105c6da"
    assert health.parse_history(reply(record.replace(NOBODY, uuid))) == health.History(False, True)
    assert health.parse_own({"rc": 0, "stdout": '["glance"]\n'}) == health.Own(("glance",))
    for garbage in ("{}", "no such file", ""):
        with pytest.raises(Unreadable):
            health.parse_own({"rc": 0, "stdout": garbage})


def answer(**status: str) -> JsonValue:
    known = {"wsrep_cluster_status": "Primary", "wsrep_local_state_comment": "Synced", "read_only": "OFF",
             "wsrep_cluster_size": "3", "wsrep_cluster_state_uuid": "u", "wsrep_cluster_conf_id": "7"}
    body = {"serving": True, "reason": "Synced", "status": known | status, "waiting": None}
    return {"body": json.dumps(body)}


def failing(states: dict[str, health.DatabaseState], *, guard: bool = True) -> set[str]:
    values = {node: {health.STATE: state, health.ACCOUNTS: health.Accounts({}, "ok"), health.GUARD: guard}
              for node, state in states.items()}
    return {item.name for item in health.invariants(MEMBERS)
            if item.holds.judge(Snapshot(values, {}), "").truth is not True}


def test_every_invariant_can_fail(site: Site) -> None:
    well = health.parse_state(answer())
    assert failing(dict.fromkeys(MEMBERS, well)) == set()
    assert failing(dict.fromkeys(MEMBERS, well), guard=False) == {"every database member has its guard"}
    split = health.parse_state(answer(wsrep_cluster_conf_id="8", wsrep_cluster_size="1"))
    assert failing({"ctl1": split, "ctl2": well, "ctl3": well}) == {
        "the database is one primary component of 3", "all database members are in the same component"}
    stranger = health.parse_state(answer(wsrep_cluster_state_uuid="v"))
    assert "every database member holds data of the same cluster" in failing(
        {"ctl1": stranger, "ctl2": well, "ctl3": well})
    frozen = health.parse_state(answer(read_only="ON"))
    assert "every database member takes writes" in failing({"ctl1": frozen, "ctl2": well, "ctl3": well})
    down = health.DatabaseState(serving=False, reason="stopped")
    assert len(failing({"ctl1": down, "ctl2": well, "ctl3": well})) == 7


def test_a_waiting_member_says_what_for() -> None:
    body = {"serving": False, "reason": "stopped", "status": {}, "waiting": {"why": "ctl3 is unreachable"}}
    state = health.parse_state({"body": json.dumps(body)})
    assert (state.serving, state.primary, state.waits_for) == (False, False, "ctl3 is unreachable")


@pytest.mark.parametrize("reply", [None, [], {"body": "<html>"}, {"body": "[]"}, {"body": "{}"}])
def test_garbage_is_unreadable(reply: object) -> None:
    with pytest.raises(Unreadable):
        health.parse_state(reply)  # type: ignore[arg-type]


def test_sizes_have_to_be_positive() -> None:
    with pytest.raises(ValueError, match="buffer_pool_mib"):
        DatabaseSpec(buffer_pool_mib=0)
