"""ApiService: all that the layer has to know of one OpenStack service. One file beside this one for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fournines.blueprint.contribution import BrokerAccount, SecretKind, SecretNeed, SqlAccount
from fournines.blueprint.files import NodeDirectory, NodeFile
from fournines.blueprint.requests import Run
from fournines.cluster.topology import Node
from fournines.layers.layer import Site


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A service's entry in the catalogue; ``type`` is OpenStack's word for what it does."""

    type: str
    description: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class ApiService:
    """One service, active on every controller. ``name`` is also that of its system user, its database and its
    accounts. ``files`` are those whose change needs a restart, ``keys`` those that the service reads anew by
    itself. ``migrate`` brings the schema to what the installed version wants, from any older one.
    ``migrations`` is where its revisions lie, below its Python package."""

    name: str
    unit: str
    port: int
    packages: tuple[str, ...]
    endpoint: Endpoint
    config: str
    migrate: Run
    migrations: str
    files: Callable[[Site, Node], tuple[NodeFile, ...]]
    directories: tuple[NodeDirectory, ...] = ()
    keys: Callable[[Site], tuple[NodeFile, ...]] = lambda site: ()
    secrets: tuple[SecretNeed, ...] = ()
    check_path: str = "/healthcheck"

    @property
    def sql_account(self) -> SqlAccount:
        """Its own database, and nobody else's."""
        return SqlAccount(self.name, self.name, f"api.{self.name}.database")

    @property
    def broker_account(self) -> BrokerAccount:
        """Its own account at the broker."""
        return BrokerAccount(self.name, f"api.{self.name}.broker")

    @property
    def needs(self) -> tuple[SecretNeed, ...]:
        """Every secret it uses."""
        accounts = (self.sql_account.secret, self.broker_account.secret)
        return (*(SecretNeed(name, SecretKind.PASSWORD) for name in accounts), *self.secrets)

    def url(self, site: Site) -> str:
        """Where clients reach it: the VIP."""
        return f"http://{site.cluster.service_vip.address}:{self.port}{self.endpoint.path}"

    def member_url(self, node: Node) -> str:
        """One member of it."""
        return f"http://{node.management}:{self.port}"
