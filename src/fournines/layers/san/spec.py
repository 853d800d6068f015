"""The settings of the san layer in the cluster file."""

from __future__ import annotations

from dataclasses import dataclass

from fournines.blueprint.volumes import SharedVolume, sound


@dataclass(frozen=True, slots=True)
class SanSpec:
    """Data on disks that every node reaches, such as a storage array's, used on one node at a time. The array
    has to be without a single point of failure itself, and so has the way to it.

    volumes: the disks, and where their file systems belong.
    """

    volumes: tuple[SharedVolume, ...]

    def __post_init__(self) -> None:
        sound(self.volumes, "volume")
