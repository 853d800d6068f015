from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from fournines.cli.opened import open_cluster
from fournines.distros import DISTROS
from fournines.lab.archive import Archive
from fournines.lab.events import Event
from fournines.lab.image import ensure, prune, root_of
from fournines.lab.recipe import Recipe, image_path, recipe_for

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
COME_ALONG = {"glance-common", "util-linux"}   # others there depend on them
ARCHIVES = (Archive("http://mirror.example/debian", "bookworm", ("main",)),)


def recipe() -> Recipe:
    return recipe_for(DISTROS["debian12"], ARCHIVES)


def make_image(images: Path, name: str, used_s: float) -> Path:
    image = images / name
    root_of(image).mkdir(parents=True)
    os.utime(image, (used_s, used_s))
    return image


def test_everything_that_goes_in_changes_the_key() -> None:
    debian = DISTROS["debian12"]
    others = [replace(recipe(), packages=("bash",)), replace(recipe(), files=(("etc/x", "y"),)),
              replace(recipe(), dpkg_options=()), replace(recipe(), format=99),
              recipe_for(debian, (replace(ARCHIVES[0], uri="http://elsewhere.example/debian"),))]

    assert recipe().key == recipe_for(debian, ARCHIVES).key
    assert len({recipe().key, *(other.key for other in others)}) == 1 + len(others)


def test_an_image_that_is_there_is_used_and_marked_as_used(tmp_path: Path) -> None:
    image = make_image(tmp_path, recipe().key, used_s=1000.0)
    told: list[Event] = []

    assert ensure(tmp_path, recipe(), told.append) == image == image_path(tmp_path, recipe())
    assert told == []
    assert image.stat().st_mtime > 1000.0


def test_old_images_are_removed_but_not_the_newest_nor_those_in_use(tmp_path: Path) -> None:
    for age, name in enumerate(["newest", "newer", "older", "oldest"]):
        make_image(tmp_path, name, used_s=1000.0 - age)
    (tmp_path / ".building-unfinished").mkdir()

    assert prune(tmp_path, {"oldest"}) == ("older",)
    assert {entry.name for entry in tmp_path.iterdir()} == {
        "newest", "newer", "oldest", ".building-unfinished"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_what_the_layers_install_is_in_the_image(example: Path) -> None:
    """A node of a lab has nobody to fetch packages from."""
    wanted = {name for names in open_cluster(example).blueprint_with_placeholders().packages.values()
              for name in names}
    assert wanted
    assert not wanted - {*recipe().packages} - COME_ALONG
