from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fournines.engine import plan_file
from fournines.engine.apply import apply
from fournines.engine.observe import observe
from fournines.engine.plan import Plan
from fournines.engine.planner import contents_to_read, make_plan
from fournines.errors import FourninesError, PlanStale, Refused
from fournines.nodes.fake import FakeFile, FakeUnit
from store_cluster import PASSWORD, StoreSpec, World, make_blueprint, mask


async def built(world: World, spec: StoreSpec | None = None) -> None:
    blueprint = make_blueprint(spec)
    ended = await apply(await world.plan(blueprint), blueprint, world.nodes, lambda event: None, mask)
    assert ended.outcome == "done"
    world.changes()
    world.events.clear()


def steps(plan: Plan) -> list[list[str]]:
    return [[step.name for step in wave.steps] for wave in plan.waves]


async def test_the_plan_for_empty_machines_goes_in_waves(world: World) -> None:
    plan = await world.plan(make_blueprint())
    assert steps(plan) == [
        ["packages: install"],
        ["store: write files", "store: configure store.service", "front: configure front.service"],
        ["store: start store.service"],
        ["store: make the account"],
        ["front: start front.service"]]
    assert plan.exit_code == 2


async def test_planning_changes_nothing(world: World) -> None:
    await world.plan(make_blueprint())
    assert world.changes() == []


async def test_on_a_built_cluster_there_is_nothing_to_do(world: World) -> None:
    await built(world)
    plan = await world.plan(make_blueprint())
    assert steps(plan) == []
    assert plan.exit_code == 0


async def test_a_reason_says_what_is_there_instead(world: World) -> None:
    await built(world)
    world.asleep.add("ctl2")
    plan = await world.plan(make_blueprint())
    assert [(action.step, action.node, action.reason) for action in plan.actions] == [
        ("store: start store.service", "ctl2", "ctl2: store.state is joining, not: is ready"),
        ("front: start front.service", "ctl2", "ctl2: store.state is joining, not: is ready")]


async def test_what_cannot_be_asked_yet_is_decided_when_reached(world: World) -> None:
    plan = await world.plan(make_blueprint())
    account = next(action for action in plan.actions if action.step == "store: make the account")
    assert account.node == "ctl1"
    assert "store.state is ready (not yet: ctl1: store.state: no answer" in account.guard


async def test_a_changed_file_restarts_its_service_one_member_at_a_time(world: World) -> None:
    await built(world)
    plan = await world.plan(make_blueprint(StoreSpec("size = 2")))
    assert steps(plan) == [["store: restart store.service"]]
    action = plan.actions[0]
    assert action.does == ("write /etc/store/store.conf (0644 root:root)", "systemctl restart store.service")
    assert [change.path for change in action.changes] == ["/etc/store/store.conf"]


async def test_a_file_edited_on_one_node_restarts_only_there(world: World) -> None:
    await built(world)
    world.nodes["ctl2"].files["/etc/store/store.conf"] = FakeFile(b"by hand\n")
    plan = await world.plan(make_blueprint())
    assert [(action.step, action.reason) for action in plan.actions] == [
        ("store: restart store.service", "ctl2: /etc/store/store.conf has other content")]


async def test_a_member_that_was_not_restarted_after_its_files_changed_is_found_by_its_stamp(
        world: World) -> None:
    await built(world)
    world.nodes["ctl2"].files["/var/lib/fournines/started/store.service.json"] = FakeFile(b"{}", mode=0o600)
    plan = await world.plan(make_blueprint())
    assert [(action.step, action.reason) for action in plan.actions] == [
        ("store: restart store.service", "ctl2: store.service was started with an older configuration")]


async def test_a_file_of_no_service_is_written_without_any_restart(world: World) -> None:
    await built(world)
    world.nodes["ctl3"].files["/etc/store/motd"] = FakeFile(b"welcome\n", mode=0o600)
    plan = await world.plan(make_blueprint())
    assert [(action.step, action.node, action.reason) for action in plan.actions] == [
        ("store: write files", "ctl3", "ctl3: /etc/store/motd has mode 0600, not 0644")]


async def test_a_unit_that_does_not_run_is_configured_and_started_not_restarted(world: World) -> None:
    await built(world)
    world.nodes["ctl1"].units["store.service"] = FakeUnit("failed", "failed", "enabled")
    plan = await world.plan(make_blueprint(StoreSpec("size = 2")))
    assert [(action.step, action.node) for action in plan.actions if action.node == "ctl1"] == [
        ("store: configure store.service", "ctl1"), ("store: start store.service", "ctl1"),
        ("front: start front.service", "ctl1")]


async def test_the_member_that_is_not_well_is_restarted_first(world: World) -> None:
    await built(world)
    world.asleep.add("ctl3")
    plan = await world.plan(make_blueprint(StoreSpec("size = 2")))
    restarts = [action.node for action in plan.actions if action.step == "store: restart store.service"]
    assert restarts == ["ctl3", "ctl1", "ctl2"]


async def test_a_node_that_cannot_be_reached_blocks_the_plan(world: World) -> None:
    await built(world)
    world.nodes["ctl2"].unreachable = "no route to host"
    blueprint = make_blueprint()
    plan = await world.plan(blueprint)
    assert [finding.summary for finding in plan.blocking] == ["ctl2 is unreachable (no route to host)"]
    assert plan.exit_code == 1
    with pytest.raises(Refused, match="ctl2 is unreachable"):
        await apply(plan, blueprint, world.nodes, lambda event: None, mask)
    assert world.changes() == []


async def test_equal_worlds_give_equal_plans(world: World) -> None:
    one, other = await world.plan(make_blueprint()), await World().plan(make_blueprint())
    assert json.dumps(plan_file.as_data(one)) == json.dumps(plan_file.as_data(other))


async def test_diffs_show_what_changes_and_never_a_secret(world: World) -> None:
    await built(world)
    world.nodes["ctl1"].files["/etc/store/key"] = FakeFile(b"an older password", mode=0o600)
    world.nodes["ctl1"].files["/etc/store/store.conf"] = FakeFile(
        b"# store\nport = 2\npassword = an older password\nsize = 1\n")
    blueprint = make_blueprint()
    snapshot = await observe(world.nodes, blueprint.probes)
    to_read = contents_to_read(make_plan(blueprint, snapshot, mask))
    assert to_read == (("ctl1", "/etc/store/store.conf"),)
    old = {(node, path): world.nodes[node].files[path].content or b"" for node, path in to_read}
    plan = make_plan(blueprint, snapshot, mask, old)
    conf, key = plan.actions[0].changes
    assert "-port = 2\n+port = 1" in conf.diff
    assert (key.path, key.diff, key.secret) == ("/etc/store/key", "", True)
    shown = json.dumps(plan_file.as_data(plan))
    assert "older password" not in shown
    assert PASSWORD not in shown


async def test_a_saved_plan_is_the_same_plan_and_holds_no_secret(world: World, tmp_path: Path) -> None:
    plan = await world.plan(make_blueprint())
    path = tmp_path / "plan.json"
    plan_file.save(plan, Path("/srv/cluster.yaml"), path)
    assert plan_file.load(path) == plan_file.SavedPlan(plan, Path("/srv/cluster.yaml"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in path.read_text()


@pytest.mark.parametrize("content", ["", "[]", '{"format": 0}', '{"format": 1, "cluster": 3}', "\x00"])
def test_a_file_that_is_no_plan_is_refused_with_a_hint(tmp_path: Path, content: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(content)
    with pytest.raises(FourninesError, match="not a plan saved by this version") as caught:
        plan_file.load(path)
    assert "fournines plan --out" in caught.value.hint


async def test_a_plan_is_stale_once_a_fact_that_it_relied_on_has_changed(world: World) -> None:
    await built(world)
    blueprint = make_blueprint(StoreSpec("size = 2"))
    saved = await world.plan(blueprint)
    plan_file.refuse_stale(saved, await world.plan(blueprint))
    world.asleep.add("ctl3")
    with pytest.raises(PlanStale, match=r"ctl3: store\.state was ready, is joining"):
        plan_file.refuse_stale(saved, await world.plan(blueprint))


async def test_a_plan_is_stale_once_the_cluster_file_has_changed(world: World) -> None:
    saved = await world.plan(make_blueprint())
    with pytest.raises(PlanStale, match="the cluster file, a secret or this program has changed"):
        plan_file.refuse_stale(saved, await world.plan(make_blueprint(StoreSpec("size = 2"))))
    with pytest.raises(Refused, match="the plan is for the cluster other"):
        plan_file.refuse_stale(replace(saved, cluster="other"), saved)
