"""A Keystone token through the VIP: POST /v3/auth/tokens.

Each probe turns the token of one log-in into a new one: that takes the same way through Keystone, database
and cache as a log-in does, without the quarter of a second of CPU that hashing a password is meant to cost.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx

from fournines.drills.workloads.http import KeystoneSettings, ask, client, log_in, scope
from fournines.drills.workloads.workload import Answer

CREATED = 201


@dataclass(slots=True)
class KeystoneWorkload:
    """See ``workload.Workload``."""

    settings: KeystoneSettings
    path: str
    period_s: float
    op: str = "token"
    _web: httpx.AsyncClient = field(default_factory=client)
    _token: str = field(default="", repr=False)

    async def start(self) -> None:
        """Log in once, by password."""
        self._token = await log_in(self._web, self.settings)

    async def attempt(self, value: str) -> Answer:
        """See ``workload.Workload``."""
        identity = {"methods": ["token"], "token": {"id": self._token}}
        return await ask(self._web, "POST", f"{self.settings.url}/v3/auth/tokens", CREATED,
                         body={"auth": {"identity": identity, "scope": scope(self.settings)}})

    async def finish(self) -> None:
        """See ``workload.Workload``."""
        await self._web.aclose()
