"""A listing of images through the VIP: GET /v2/images, which asks Keystone and the database as well."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx

from fournines.drills.workloads.http import KeystoneSettings, ask, client, log_in
from fournines.drills.workloads.workload import Answer

DONE = 200


@dataclass(slots=True)
class GlanceWorkload:
    """``url`` is Glance's, without the version. See ``workload.Workload``."""

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
        return await ask(self._web, "GET", f"{self.url}/v2/images?limit=1", DONE,
                         headers={"X-Auth-Token": self._token})

    async def finish(self) -> None:
        """See ``workload.Workload``."""
        await self._web.aclose()
