"""A service that reads its configuration anew: what systemd's files say of its unit wants a new start."""

from __future__ import annotations

from dataclasses import replace

from fournines.blueprint.contribution import Contribution
from fournines.blueprint.files import NodeFile
from fournines.blueprint.predicate import Fact, OnOthers
from fournines.blueprint.requests import Failed, Run
from fournines.blueprint.snapshot import Probe
from fournines.blueprint.steps import OnChange
from fournines.engine.apply import apply
from fournines.engine.compile import Blueprint
from fournines.engine.plan import Plan
from fournines.layers.layer import Site
from fournines.nodes.fake import FakeFile
from store_cluster import FRONT, FRONT_UNIT, NODES, STORE, World, front, make_blueprint, mask, text_at

CONFIG, DROP_IN = "/etc/front.conf", f"/etc/systemd/system/{FRONT_UNIT}.d/own.conf"
STAMP = f"/var/lib/fournines/started/{FRONT_UNIT}.start.json"
RESTART, ANEW = f"front: restart {FRONT_UNIT}", f"front: start {FRONT_UNIT} anew"
LOADED = Run(("front-loaded",))


def reloading(config: bytes = b"front\n", drop_in: bytes = b"[Service]\nNice=1\n") -> Blueprint:
    """The front reads its configuration anew, and has a drop-in."""
    def contribute(site: Site) -> Contribution:
        whole = front(site)
        (service,) = whole.services
        files = (NodeFile(CONFIG, config), NodeFile(DROP_IN, drop_in))
        return replace(whole, files=dict.fromkeys(NODES, files),
                       services=(replace(service, files=(CONFIG, DROP_IN), on_change=OnChange.RELOAD),))

    return make_blueprint(layers=(STORE, replace(FRONT, contribute=contribute)))


async def applied(world: World, blueprint: Blueprint) -> None:
    ended = await apply(await world.plan(blueprint), blueprint, world.nodes, lambda event: None, mask)
    assert ended.outcome == "done"


async def built(world: World) -> None:
    await applied(world, reloading())
    assert (await world.plan(reloading())).exit_code == 0
    world.changes()
    world.events.clear()


def does(plan: Plan) -> list[tuple[str, str, str]]:
    return [(action.step, action.node, action.does[-1]) for action in plan.actions]


async def test_a_changed_configuration_is_read_anew(world: World) -> None:
    await built(world)
    plan = await world.plan(reloading(config=b"another\n"))
    assert does(plan) == [(RESTART, node, f"systemctl reload {FRONT_UNIT}") for node in NODES]


async def test_a_changed_drop_in_starts_the_unit_anew(world: World) -> None:
    await built(world)
    wanted = reloading(drop_in=b"[Service]\nNice=2\n")
    assert does(await world.plan(wanted))[:3] == [
        (ANEW, node, f"systemctl restart {FRONT_UNIT}") for node in NODES]
    await applied(world, wanted)
    assert world.events == [f"{node} restart {FRONT_UNIT}" for node in NODES]
    assert (await world.plan(wanted)).exit_code == 0


async def test_who_was_not_started_anew_after_its_drop_in_changed_is_found_by_its_stamp(world: World) -> None:
    await built(world)
    world.nodes["ctl2"].files[STAMP] = FakeFile(b"{}", mode=0o600)
    assert does(await world.plan(reloading())) == [(ANEW, "ctl2", f"systemctl restart {FRONT_UNIT}")]


def telling(config: bytes) -> Blueprint:
    """The front says with which configuration it runs."""
    def contribute(site: Site) -> Contribution:
        whole = front(site)
        (service,) = whole.services
        told = Fact("front.loaded", wanted=config.decode())
        return replace(
            whole, files=dict.fromkeys(NODES, (NodeFile(CONFIG, config),)),
            probes=(Probe("front.loaded", dict.fromkeys(NODES, LOADED), text_at("loaded")),),
            services=(replace(service, on_change=OnChange.RELOAD, in_force=told,
                              others_ok=OnOthers(NODES, service.ready.holds),
                              ready=replace(service.ready, timeout_s=0.3)),))

    return make_blueprint(layers=(STORE, replace(FRONT, contribute=contribute)))


async def test_who_is_not_ready_is_changed_first_though_none_runs_with_the_new_one_yet(world: World) -> None:
    runs_with(world, "one")
    await applied(world, telling(b"one"))
    world.asleep.add("ctl3")
    plan = await world.plan(telling(b"two"))
    assert [action.node for action in plan.actions if action.step == RESTART] == ["ctl3", "ctl1", "ctl2"]


def runs_with(world: World, loaded: str | None) -> None:
    for node in world.nodes.values():
        node.script(LOADED, Failed("no answer") if loaded is None else {"loaded": loaded})


async def test_who_runs_with_its_old_configuration_after_a_reload_stops_the_next(world: World) -> None:
    runs_with(world, "one")
    await applied(world, telling(b"one"))
    wanted = telling(b"two")
    ended = await apply(await world.plan(wanted), wanted, world.nodes, lambda event: None, mask)
    assert ended.outcome != "done"
    assert [world.nodes[name].files[CONFIG].content for name in NODES] == [b"two", b"one", b"one"]
    assert does(await world.plan(wanted))[0] == (RESTART, "ctl1", f"systemctl reload {FRONT_UNIT}")
    runs_with(world, "two")
    await applied(world, wanted)
    assert (await world.plan(wanted)).exit_code == 0


async def test_who_runs_with_another_configuration_than_its_stamp_says_reads_it_anew(world: World) -> None:
    runs_with(world, "one")
    await applied(world, telling(b"one"))
    runs_with(world, None)   # not known
    assert (await world.plan(telling(b"one"))).exit_code == 0
    runs_with(world, "another")
    assert does(await world.plan(telling(b"one"))) == [
        (RESTART, node, f"systemctl reload {FRONT_UNIT}") for node in NODES]
