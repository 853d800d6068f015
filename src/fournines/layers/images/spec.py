"""The settings of the images layer in the cluster file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImagesSpec:
    """One directory for Glance's images, the same on every node: a GlusterFS volume with a full copy on each
    of the first three controllers.

    ``brick`` is where a node keeps its copy; best a file system of its own, so that images cannot fill the
    root's.
    """

    brick: str = "/srv/fournines/images"

    def __post_init__(self) -> None:
        """A path that Gluster and systemd take as it is."""
        if not self.brick.startswith("/") or any(character in self.brick for character in " :%,\\\"'"):
            raise ValueError("brick must be an absolute path without blanks, colons, commas, quotes or %")
