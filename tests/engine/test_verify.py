from __future__ import annotations

from dataclasses import replace

from fournines.engine.apply import apply
from fournines.engine.observe import observe
from fournines.engine.status import Status, status
from fournines.engine.verify import exit_code, verify
from fournines.findings import Severity
from fournines.nodes.fake import FakeUnit
from store_cluster import STORE_UNIT, World, make_blueprint, make_cluster, mask

BLUEPRINT = make_blueprint()


async def build(world: World) -> None:
    await apply(await world.plan(BLUEPRINT), BLUEPRINT, world.nodes, lambda event: None, mask)


async def seen(world: World) -> Status:
    return status(make_cluster(), BLUEPRINT, await observe(world.nodes, BLUEPRINT.probes))


async def test_all_invariants_of_a_healthy_cluster_hold(world: World) -> None:
    await build(world)
    checked = verify(BLUEPRINT, await observe(world.nodes, BLUEPRINT.probes))
    assert [item.finding for item in checked] == [None, None]
    assert exit_code(checked) == 0


async def test_what_does_not_hold_says_why_and_what_to_do(world: World) -> None:
    await build(world)
    world.asleep.add("ctl2")
    checked = verify(BLUEPRINT, await observe(world.nodes, BLUEPRINT.probes))
    finding = checked[0].finding
    assert finding is not None
    assert (finding.summary, finding.remedy) == ("does not hold: every store member is ready", "start it")
    assert finding.detail == "ctl2: store.state is joining, not: is ready"
    assert exit_code(checked) == 1


async def test_what_cannot_be_known_is_said_to_be_unknown_and_is_no_success(world: World) -> None:
    await build(world)
    world.nodes["ctl3"].unreachable = "no route to host"
    checked = verify(BLUEPRINT, await observe(world.nodes, BLUEPRINT.probes))
    summaries = [item.finding.summary for item in checked if item.finding]
    assert summaries == ["cannot be known: every store member is ready",
                         "cannot be known: one node has the account"]
    assert exit_code(checked) == 1


async def test_a_warning_alone_is_no_failure(world: World) -> None:
    mild = replace(BLUEPRINT, invariants=tuple(replace(item, severity=Severity.WARNING)
                                               for item in BLUEPRINT.invariants))
    checked = verify(mild, await observe(world.nodes, mild.probes))
    assert all(item.finding is not None for item in checked)
    assert exit_code(checked) == 0


async def test_status_names_who_holds_what_and_how_many_may_still_fail(world: World) -> None:
    await build(world)
    state = await seen(world)
    assert [(seat.name, seat.holders) for seat in state.seats] == [("account", ("ctl1",))]
    assert [(item.layer, item.well, item.margin) for item in state.members] == [
        ("store", ("ctl1", "ctl2", "ctl3"), 1)]
    assert state.serves


async def test_status_says_what_the_loss_of_a_node_or_a_rack_would_stop(world: World) -> None:
    await build(world)
    assert [(loss.what, loss.stops) for loss in (await seen(world)).losses] == [
        ("node ctl1", ()), ("node ctl2", ()), ("node ctl3", ()), ("rack a", ("store",))]
    world.nodes["ctl1"].units[STORE_UNIT] = FakeUnit("failed", "failed", "enabled")
    assert [(loss.what, loss.stops) for loss in (await seen(world)).losses] == [
        ("node ctl1", ()), ("node ctl2", ("store",)), ("node ctl3", ("store",)), ("rack a", ("store",))]


async def test_status_of_a_cluster_that_does_not_serve(world: World) -> None:
    await build(world)
    world.asleep |= {"ctl1", "ctl2"}
    world.nodes["ctl3"].unreachable = "no route to host"
    state = await seen(world)
    assert state.gone == {"ctl3": "no route to host"}
    assert state.members[0].margin == -2
    assert not state.serves
    assert state.as_data()["serves"] is False
    assert state.seats[0].unknown == ("ctl3",)
