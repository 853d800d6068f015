from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from fournines.errors import FourninesError, Refused
from fournines.lab.lab import Lab
from fournines.lab.places import Places
from lab_cluster import small_cluster


def test_a_command_is_refused_while_another_changes_the_lab(tmp_path: Path) -> None:
    places = Places(images=tmp_path / "images", labs=tmp_path / "labs")
    lab = Lab(small_cluster("busy"), places=places)
    directory = places.lab("busy").directory
    directory.mkdir(parents=True)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(Refused, match="another command is changing lab busy") as caught:
            lab.down()
    finally:
        os.close(descriptor)
    assert caught.value.exit_code == FourninesError.exit_code
    assert directory.is_dir()
