"""Settings of layers as the cluster file's tests use them: small, and independent of the real layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from fournines.cluster.notation import Wrong

EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True, slots=True)
class NoSettings:
    """A layer without settings."""


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """SQL for every service.

    More for the reader of the code.
    """

    pattern: Literal["active-active", "active-passive"] = "active-active"
    buffer_pool_mib: int = 512
    vip: str = ""

    def __post_init__(self) -> None:
        if self.buffer_pool_mib < 1:
            raise Wrong(f"has buffer_pool_mib {self.buffer_pool_mib}", "write at least 1")


@dataclass(frozen=True, slots=True)
class MessagingSettings:
    """The broker."""

    pattern: Literal["active-active", "active-passive"] = "active-active"
    memory_share: float = 0.4
    disk_reserve_mb: int = 1000
    vip: str = ""


@dataclass(frozen=True, slots=True)
class VolumeSettings:
    """Data on two nodes."""

    name: str
    minor: int
    port: int
    disk: str
    mount: str


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Volumes."""

    resources: tuple[VolumeSettings, ...] = ()


@dataclass(frozen=True, slots=True)
class SharedSettings:
    """A disk that all nodes reach."""

    name: str
    disk: str
    mount: str


@dataclass(frozen=True, slots=True)
class SanSettings:
    """Disks that all nodes reach."""

    volumes: tuple[SharedSettings, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """A power switch."""

    agent: str
    level: int = 1
    nodes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MembershipSettings:
    """Who is there."""

    fencing: tuple[DeviceSettings, ...] | Literal["lab"] = ()
    arbitrator: str = ""


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """The services and the address that clients reach them by."""

    services: tuple[Literal["keystone", "glance", "cinder", "neutron", "ceilometer-central"], ...]
    pattern: Literal["active-active", "active-passive"] = "active-active"
    vip: str = ""
    region: str = "RegionOne"


@pytest.fixture(scope="session")
def specs() -> Mapping[str, type]:
    return {"host": NoSettings, "database": DatabaseSettings, "membership": MembershipSettings,
            "storage": StorageSettings, "san": SanSettings, "messaging": MessagingSettings,
            "cache": NoSettings, "images": NoSettings, "loadbalancer": NoSettings, "api": ApiSettings,
            "network": NoSettings}


@pytest.fixture(scope="session")
def three_controllers() -> Path:
    return EXAMPLES / "three-controllers.yaml"
