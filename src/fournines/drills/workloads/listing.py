"""A listing through the VIP, which asks Keystone and the service's database as well: one image, one volume,
one network."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx

from fournines.drills.workloads.http import KeystoneSettings, ask, client, log_in
from fournines.drills.workloads.workload import Answer

DONE = 200


@dataclass(slots=True)
class ListingWorkload:
    """``url`` is that of the listing. See ``workload.Workload``."""

    url: str
    keystone: KeystoneSettings
    path: str
    period_s: float
    op: str = "list"
    _web: httpx.AsyncClient = field(default_factory=client)
    _token: str = field(default="", repr=False)

    async def start(self) -> None:
        """Log in once."""
        self._token = await log_in(self._web, self.keystone)

    async def attempt(self, value: str) -> Answer:
        """See ``workload.Workload``."""
        return await ask(self._web, "GET", self.url, DONE, headers={"X-Auth-Token": self._token})

    async def finish(self) -> None:
        """See ``workload.Workload``."""
        await self._web.aclose()
