"""The registered layers together: their order, and that every example is a cluster file of theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from fournines.cluster.file import load
from fournines.layers import LAYERS, SPECS

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_a_cluster_file_of_these_layers(example: Path) -> None:
    layers = load(example, SPECS).layers
    assert layers
    assert all(type(settings) is SPECS[name] for name, settings in layers.items())


def test_every_layer_comes_after_layers_that_are_before_it_in_the_list() -> None:
    names = [layer.name for layer in LAYERS]
    assert {layer.name: [name for name in layer.after if name not in names[:position]]
            for position, layer in enumerate(LAYERS)} == {name: [] for name in names}
