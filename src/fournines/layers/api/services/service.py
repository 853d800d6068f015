"""ApiService: all that the layer has to know of one OpenStack service. One file beside this one for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fournines.blueprint.contribution import BrokerAccount, SecretKind, SecretNeed, SqlAccount
from fournines.blueprint.files import NodeDirectory, NodeFile
from fournines.blueprint.requests import Run
from fournines.cluster.topology import Node
from fournines.layers.api import settings
from fournines.layers.layer import Site


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A service's entry in the catalogue; ``type`` is OpenStack's word for what it does."""

    type: str
    description: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class ApiService:
    """One service. ``name`` is also that of its Python package, its system user, its database and its
    accounts, unless ``project`` is. ``unit`` is what answers, ``companions`` are units that belong to it;
    ``agent`` is the resource agent that runs them all. ``port`` 0 and no ``endpoint``: a service that nobody
    calls. ``files`` are those whose change needs a restart, ``keys`` those that the service reads anew by
    itself. ``migrate`` brings the schema to what the installed version wants, from any older one, None where
    it has no database; ``migrations`` is where its revisions lie, below its Python package;
    ``repeatable_post`` as in Listener."""

    name: str
    unit: str
    agent: str
    packages: tuple[str, ...]
    config: str
    files: Callable[[Site, Node], tuple[NodeFile, ...]]
    port: int = 0
    endpoint: Endpoint | None = None
    migrate: Run | None = None
    migrations: str = ""
    companions: tuple[str, ...] = ()
    directories: tuple[NodeDirectory, ...] = ()
    keys: Callable[[Site], tuple[NodeFile, ...]] = lambda site: ()
    secrets: tuple[SecretNeed, ...] = ()
    identity_secret: str = ""
    project: str = ""
    check_path: str = "/healthcheck"
    repeatable_post: str = ""

    @property
    def user(self) -> str:
        """Its system user, and its user in Keystone where it has one (``identity_secret``)."""
        return self.project or self.name

    @property
    def units(self) -> tuple[str, ...]:
        """All of its units."""
        return (self.unit, *self.companions)

    @property
    def sql_account(self) -> SqlAccount:
        """Its own database, and nobody else's."""
        return SqlAccount(self.user, self.user, f"api.{self.user}.database")

    @property
    def broker_account(self) -> BrokerAccount:
        """Its own account at the broker."""
        return BrokerAccount(self.user, f"api.{self.user}.broker")

    @property
    def needs(self) -> tuple[SecretNeed, ...]:
        """Every secret it uses."""
        names = (*((self.sql_account.secret,) if self.migrate else ()), self.broker_account.secret,
                 *((self.identity_secret,) if self.identity_secret else ()))
        return (*(SecretNeed(name, SecretKind.PASSWORD) for name in names), *self.secrets)

    def url(self, site: Site) -> str:
        """Where clients reach it: the VIP."""
        return f"http://{settings.vip(site)}:{self.port}{self.endpoint.path if self.endpoint else ''}"

    def member_url(self, site: Site, node: Node) -> str:
        """One member of it: where it listens on that node."""
        return f"http://{settings.listening(site, node)}:{self.port}"
