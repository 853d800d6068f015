from __future__ import annotations

from dataclasses import replace

import pytest

from fournines.blueprint.contribution import Contribution, Exchange
from fournines.blueprint.files import NodeDirectory, NodeFile
from fournines.blueprint.predicate import Fact
from fournines.blueprint.requests import Run, Unit
from fournines.blueprint.steps import On, Step
from fournines.cluster.timers import derive
from fournines.engine import compile as compiling
from fournines.engine.fingerprint import fingerprint
from fournines.engine.graph import Cycle, ancestors
from fournines.layers.layer import Layer, Site
from store_cluster import FRONT, NODES, STORE, STORE_UNIT, StoreSpec, make_blueprint, make_cluster, store


def with_extra(part: Contribution, layer: Layer = FRONT) -> Layer:
    def contribute(site: Site) -> Contribution:
        was = layer.contribute(site)
        files = {node: (*was.files.get(node, ()), *part.files.get(node, ())) for node in NODES}
        return replace(was, files=files, directories={**was.directories, **part.directories},
                       steps=(*was.steps, *part.steps))
    return replace(layer, contribute=contribute)


def a_step(name: str, *needs: str) -> Step:
    return Step(name, On.EACH, {"ctl1": (Run(("true",)),)}, why="to test", needs=needs)


def test_everything_is_installed_and_written_before_anything_starts() -> None:
    blueprint = make_blueprint()
    before = ancestors(blueprint.needs, "store: start store.service")
    assert before == {"packages: install", "store: write files", "store: configure store.service"}


def test_a_layer_acts_after_all_of_the_layer_it_is_after_and_writes_its_files_early() -> None:
    blueprint = make_blueprint()
    before = ancestors(blueprint.needs, "front: start front.service")
    assert {"store: restart store.service", "store: make the account"} <= before
    assert ancestors(blueprint.needs, "front: configure front.service") == {"packages: install"}


def test_order_reaches_through_a_layer_that_the_cluster_does_not_have() -> None:
    between = Layer("between", int, ("store",), lambda cluster, timers: Exchange(),
                    lambda site: Contribution())
    blueprint = make_blueprint(layers=(STORE, between, replace(FRONT, after=("between",))))
    assert "store: restart store.service" in ancestors(blueprint.needs, "front: start front.service")


def test_layers_not_asked_for_give_nothing() -> None:
    cluster = replace(make_cluster(), layers={"store": StoreSpec()})
    blueprint = compiling.compile(cluster, derive(cluster), {}, (STORE, FRONT))
    assert {item.path for item in blueprint.files["ctl1"]} == {
        "/etc/store/store.conf", "/etc/store/motd", "/etc/store/key"}


def test_two_layers_cannot_write_one_path() -> None:
    extra = Contribution(files={"ctl2": (NodeFile("/etc/store/motd", b"mine"),)})
    with pytest.raises(ValueError, match="layers store and front both write /etc/store/motd on ctl2"):
        make_blueprint(layers=(STORE, with_extra(extra)))


def test_two_layers_may_share_a_directory_only_when_they_agree_on_it() -> None:
    same = Contribution(directories={"ctl1": (NodeDirectory("/etc/store", 0o750),)})
    shared = make_blueprint(layers=(STORE, with_extra(same)))
    assert shared.directories["ctl1"] == (NodeDirectory("/etc/store", 0o750),)
    other = Contribution(directories={"ctl1": (NodeDirectory("/etc/store", 0o700),)})
    with pytest.raises(ValueError, match="both write /etc/store on ctl1"):
        make_blueprint(layers=(STORE, with_extra(other)))


def test_a_need_that_does_not_exist_is_named_with_the_step() -> None:
    extra = Contribution(steps=(a_step("front: paint", "front: build walls"),))
    with pytest.raises(ValueError, match="'front: paint' needs steps that do not exist: front: build walls"):
        make_blueprint(layers=(STORE, with_extra(extra)))


def test_a_circle_of_needs_is_shown() -> None:
    extra = Contribution(steps=(a_step("front: hen", "front: egg"), a_step("front: egg", "front: hen")))
    with pytest.raises(Cycle, match="front: hen -> front: egg -> front: hen"):
        make_blueprint(layers=(STORE, with_extra(extra)))


def test_two_steps_cannot_have_one_name() -> None:
    extra = Contribution(steps=(a_step("store: start store.service"),))
    with pytest.raises(ValueError, match="two steps are called 'store: start store"):
        make_blueprint(layers=(STORE, with_extra(extra)))


def test_a_service_names_only_files_of_its_layer() -> None:
    def careless(site: Site) -> Contribution:
        part = store(site)
        return replace(part, services=(replace(part.services[0], files=("/etc/store/store.cnf",)),))

    with pytest.raises(ValueError, match=r"store\.service names files .* on ctl1: /etc/store/store\.cnf"):
        make_blueprint(layers=(replace(STORE, contribute=careless), FRONT))


def test_a_node_that_the_cluster_does_not_have_is_refused() -> None:
    part = Contribution(packages={"ctl9": ("vim",)})
    with pytest.raises(ValueError, match=r"layer front gives to nodes .*ctl9"):
        make_blueprint(layers=(STORE, replace(FRONT, contribute=lambda site: part)))


def test_the_fingerprint_is_that_of_the_content() -> None:
    assert fingerprint(make_blueprint()) == fingerprint(make_blueprint())
    assert fingerprint(make_blueprint()) != fingerprint(make_blueprint(StoreSpec("size = 2")))
    assert fingerprint(make_blueprint()) != fingerprint(make_blueprint(StoreSpec(gate_s=6)))


def test_a_unit_may_take_as_long_to_start_as_its_gate_allows() -> None:
    slow = make_blueprint(StoreSpec(gate_s=900.0)).step("store: start store.service")
    quick = make_blueprint(StoreSpec(gate_s=5.0)).step("store: start store.service")
    assert [step.do["ctl1"][-1] for step in (slow, quick)] == [
        Unit("start", "store.service", 900.0), Unit("start", "store.service", 120.0)]


def test_a_gate_of_another_layer_is_waited_for_after_a_start_and_a_restart_alone() -> None:
    """It decides when the next member may be touched; a member that runs is not started for it."""
    balanced = Fact("front.balanced")

    def contribute(site: Site) -> Contribution:
        return replace(FRONT.contribute(site), gates={STORE_UNIT: balanced})

    blueprint = make_blueprint(layers=(STORE, replace(FRONT, contribute=contribute)))
    for act in ("start", "restart"):
        step = blueprint.step(f"store: {act} {STORE_UNIT}")
        assert step.until is not None
        assert str(balanced) in str(step.until.holds)
        assert str(balanced) not in f"{step.unless} {step.only_if}"
