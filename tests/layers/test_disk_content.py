"""disk_content.py: when a disk is taken for blank."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest

from fournines.layers.node import disk_content
from fournines.layers.node.disk_content import BLOCK, EDGE


@pytest.mark.parametrize("size", [BLOCK, EDGE, 3 * EDGE, 400 << 20, (400 << 20) + BLOCK])
def test_both_ends_are_looked_at_whole_and_much_between(size: int) -> None:
    found = list(disk_content.offsets(size))
    assert found == sorted(set(found))
    assert all(0 <= offset <= size - BLOCK for offset in found)
    edge = min(EDGE, size) // BLOCK
    assert found[:edge] == [number * BLOCK for number in range(edge)]
    assert found[-edge:] == [size - (edge - number) * BLOCK for number in range(edge)]
    gaps = [later - earlier for earlier, later in pairwise(found)]
    assert max(gaps, default=0) <= max(2 * size // disk_content.SAMPLES, BLOCK)


@pytest.mark.parametrize("offset", [0, 4095, 65536, (8 << 20) - 1])
def test_a_single_byte_at_an_end_is_data(tmp_path: Path, offset: int) -> None:
    path = tmp_path / "disk"
    path.write_bytes(bytes(8 << 20))
    with disk_content.Disk(str(path)) as disk:
        assert disk.first_data() is None
    descriptor = os.open(path, os.O_WRONLY)
    os.pwrite(descriptor, b"x", offset)
    os.fsync(descriptor)
    os.close(descriptor)
    with disk_content.Disk(str(path)) as disk:
        assert disk.first_data() == offset // BLOCK * BLOCK


def test_a_file_is_no_disk(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    path.write_bytes(b"")
    assert disk_content.holds(str(path)) == f"{path} is no block device"
