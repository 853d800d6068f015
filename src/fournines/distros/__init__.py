"""Where distributions differ: one file each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fournines.distros.debian12 import DEBIAN12
from fournines.distros.distro import Distro

__all__ = ["DISTROS", "Distro"]

DISTROS: Mapping[str, Distro] = MappingProxyType({distro.name: distro for distro in (DEBIAN12,)})
