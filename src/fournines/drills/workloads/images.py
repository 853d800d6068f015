"""Images through the VIP: make one, upload its bytes, download them again and compare.

What was acknowledged is downloaded once more when all is over, by its name: whichever node took it, it has to
be there, once, and whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from dataclasses import dataclass, field

import httpx

from fournines.drills.operation import NOT_AT_ONCE, OTHER_BYTES, ImageState, Outcome
from fournines.drills.outcomes import of_http_status
from fournines.drills.workloads.http import KeystoneSettings, client, log_in, unanswered
from fournines.drills.workloads.workload import Answer, Emit

SIZE = 16 * 1024
AT_ONCE = 4
CREATED, STORED, DOWNLOADED = 201, 204, 200
NOTHING_THERE = (204, 404)   # of what was stored a moment ago: no bytes, or no image
PREFIX = "fournines-drill"


@dataclass(slots=True)
class ImageWorkload:
    """``run`` makes the names unique; ``url`` is Glance's, without the version. ``emit`` takes what the
    uploads have left. See ``workload.Workload``."""

    url: str
    keystone: KeystoneSettings
    run: str
    emit: Emit
    path: str
    period_s: float
    op: str = "upload"
    _web: httpx.AsyncClient = field(default_factory=client)
    _token: str = field(default="", repr=False)
    _values: list[str] = field(default_factory=list)

    async def start(self) -> None:
        """Log in, and remove what drills that were killed have left."""
        self._token = await log_in(self._web, self.keystone)
        await self._remove(await self._listed(f"{PREFIX} "))

    async def attempt(self, value: str) -> Answer:
        """See ``workload.Workload``. What Glance has said to have stored is acknowledged; ``result`` says
        what came back of it."""
        sent_s = time.monotonic()
        self._values.append(value)
        try:
            made = await self._ask("POST", "", json={
                "name": self._name(value), "disk_format": "raw", "container_format": "bare"})
            if made.status_code != CREATED:
                return _refused(made, CREATED, sent_s)
            image = str(made.json()["id"])
            stored = await self._ask("PUT", f"/{image}/file", content=content_of(self.run, value),
                                     headers={"Content-Type": "application/octet-stream"})
            if stored.status_code != STORED:
                return _refused(stored, STORED, sent_s)
            got = await self._ask("GET", f"/{image}/file")
        except httpx.HTTPError as problem:
            return unanswered(problem, sent_s)
        if got.status_code in NOTHING_THERE:
            return Answer(Outcome.OK, sent_s, f"status {got.status_code}", NOT_AT_ONCE)
        if got.status_code != DOWNLOADED:
            return Answer(Outcome.OK, sent_s, f"status {got.status_code}")   # it is stored all the same
        same = got.content == content_of(self.run, value)
        return Answer(Outcome.OK, sent_s, result="same" if same else OTHER_BYTES)

    async def finish(self) -> None:
        """Look what became of each upload, and remove them."""
        try:
            found = await self._listed(self._name(""))
        except (httpx.HTTPError, ValueError, KeyError):
            found = None
        gate = asyncio.Semaphore(AT_ONCE)

        async def look(value: str) -> None:
            async with gate:
                ids = [] if found is None else [image for image, name in found.items()
                                                if name == self._name(value)]
                state = ImageState.UNREAD if found is None else await self._state(ids, value)
                self.emit({"event": "image", "path": self.path, "value": value, "copies": len(ids),
                           "state": state.value})

        await asyncio.gather(*map(look, self._values))
        await self._remove(found or {})
        await self._web.aclose()

    async def _state(self, ids: list[str], value: str) -> ImageState:
        if not ids:
            return ImageState.MISSING
        try:
            got = await self._ask("GET", f"/{ids[0]}/file")
        except httpx.HTTPError:
            return ImageState.UNREAD
        if got.status_code == STORED:   # a record without bytes: its upload never ended
            return ImageState.MISSING
        if got.status_code != DOWNLOADED:
            return ImageState.UNREAD
        return ImageState.GOOD if got.content == content_of(self.run, value) else ImageState.CORRUPT

    async def _listed(self, prefix: str) -> dict[str, str]:
        """id -> name of every image whose name begins so. Raises httpx.HTTPError, KeyError, ValueError."""
        found: dict[str, str] = {}
        page = "?limit=100&sort=created_at:desc"
        while page:
            answer = await self._ask("GET", page)
            answer.raise_for_status()
            data = answer.json()
            found |= {str(item["id"]): str(item["name"]) for item in data["images"]}
            page = str(data.get("next", "")).partition("/v2/images")[2]
        return {image: name for image, name in found.items() if name.startswith(prefix)}

    async def _remove(self, images: dict[str, str]) -> None:
        gate = asyncio.Semaphore(AT_ONCE)

        async def remove(image: str) -> None:
            async with gate:
                with contextlib.suppress(httpx.HTTPError):   # the next drill removes it
                    await self._ask("DELETE", f"/{image}")

        await asyncio.gather(*map(remove, images))

    def _name(self, value: str) -> str:
        return f"{PREFIX} {self.run} {value}"

    async def _ask(self, method: str, what: str, *, json: object = None, content: bytes | None = None,
                   headers: dict[str, str] | None = None) -> httpx.Response:
        return await self._web.request(method, f"{self.url}/v2/images{what}", json=json, content=content,
                                       headers={"X-Auth-Token": self._token, **(headers or {})})


def content_of(run: str, value: str) -> bytes:
    """The bytes of an image: its own, and the same for everybody who asks."""
    return hashlib.shake_128(f"{run} {value}".encode()).digest(SIZE)


def _refused(answer: httpx.Response, wanted: int, sent_s: float) -> Answer:
    return Answer(of_http_status(answer.status_code, wanted), sent_s, f"status {answer.status_code}")
