"""Editors get a schema that accepts the examples and objects to most of what must be refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from fournines.cluster.document import Data, read_document
from fournines.cluster.schema import DIALECT, schema

from .conftest import DeviceSettings, VolumeSettings

ROOT = Path(__file__).parents[2]
BETWEEN_VALUES = {   # wrong only by what other values are, by their notation in YAML, or by calculation
    "active-passive-without-membership", "address-broadcast-and-network", "address-leading-zeros",
    "address-loopback", "address-missing", "address-not-one", "address-outside", "address-twice",
    "arbitrator-without-address", "control-character", "fencing-for-nobody", "gateway-of-somebody",
    "gateway-outside", "key-twice",
    "key-twice-in-a-node", "layer-settings-refused", "layer-vip-unknown", "membership-arbitrator-is-a-node",
    "membership-arbitrator-twice", "membership-four", "membership-three-and-arbitrator",
    "membership-two-arbitrators", "membership-watchdog", "membership-without-fencing", "merge-key",
    "network-host-bits", "network-named-like-a-setting", "network-too-small", "networks-overlap",
    "node-domain-twice", "node-name-twice", "nodes-four", "nodes-one-and-arbitrators", "nodes-two",
    "override-unknown", "recovery-out-of-reach", "recovery-too-long", "recovery-too-short", "vip-is-a-node",
    "vip-missing", "vip-outside", "vips-twice",
}
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
BROKEN = sorted((ROOT / "tests" / "broken").glob("*.yaml"))


@pytest.fixture(scope="module")
def described(specs: Mapping[str, type]) -> dict[str, object]:
    return schema(specs)


def read(path: Path) -> Data:
    return read_document(path.read_bytes()).data


def test_it_is_a_valid_schema(described: dict[str, object]) -> None:
    Draft202012Validator.check_schema(described)
    assert described["$schema"] == DIALECT


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_satisfy_it(described: dict[str, object], path: Path) -> None:
    assert [error.message for error in Draft202012Validator(described).iter_errors(read(path))] == []


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_broken_files_do_not(described: dict[str, object], path: Path) -> None:
    wrong = not Draft202012Validator(described).is_valid(read(path))
    assert wrong == (path.stem not in BETWEEN_VALUES)


def test_most_broken_files_are_seen_by_editors_too() -> None:
    assert len(BETWEEN_VALUES) < len(BROKEN) / 2


def properties_of(described: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    if isinstance(described, Mapping):
        for name, inner in described.get("properties", {}).items():
            yield name, inner
        for inner in described.values():
            yield from properties_of(inner)


def test_every_setting_is_described(described: dict[str, object], specs: Mapping[str, type]) -> None:
    of_layers = {name for spec in (*specs.values(), DeviceSettings, VolumeSettings)
                 for name in getattr(spec, "__dataclass_fields__", ())}
    by_reference = {name for name, inner in properties_of(described) if "$ref" in str(inner)}
    bare = {name for name, inner in properties_of(described) if "description" not in inner}
    assert bare <= of_layers | by_reference


def test_layers_are_described_by_the_first_paragraph_of_their_settings(described: dict[str, object]) -> None:
    layers = dict(properties_of(described))
    assert layers["database"]["description"] == "SQL for every service."
