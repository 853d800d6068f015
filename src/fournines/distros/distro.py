"""Distro: what a distribution calls the things that Fournines installs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Distro:
    """One release of one distribution.

    ``name`` is what the cluster file says (``debian12``), ``codename`` what its package archive says.
    ``base`` is what any node needs before a layer is put on it: an init system, a network, a way in, Python.
    ``layers`` maps a layer's name to the packages it is made of. ``unwanted`` are units that packages bring
    along and that have no business on a machine without disks and a network of its own.
    """

    name: str
    codename: str
    base: tuple[str, ...]
    layers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unwanted: tuple[str, ...] = ()

    @property
    def packages(self) -> tuple[str, ...]:
        """Everything, sorted, each once."""
        return tuple(sorted({*self.base, *(name for names in self.layers.values() for name in names)}))
