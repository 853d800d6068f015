"""Against a Glance of a page: makes, takes, gives, lists and removes images; and can be wrong on purpose."""

from __future__ import annotations

import json
from collections.abc import Mapping

import httpx
import pytest

from fournines.drills.operation import NOT_AT_ONCE, Outcome
from fournines.drills.workloads.http import KeystoneSettings
from fournines.drills.workloads.images import PREFIX, ImageWorkload, content_of


class Glance(httpx.AsyncBaseTransport):
    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.bytes: dict[str, bytes] = {}
        self.refuses: set[str] = set()
        self.made = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        path = request.url.path
        if path.endswith("/auth/tokens"):
            return httpx.Response(201, headers={"X-Subject-Token": "token"}, request=request)
        assert request.headers["X-Auth-Token"] == "token"
        image = path.removeprefix("/v2/images").strip("/").removesuffix("/file")
        what = f"{request.method} {'file' if path.endswith('/file') else 'image' if image else 'images'}"
        if what in self.refuses:
            return httpx.Response(503, request=request)
        return self._answer(what, image, content, request)

    def _answer(self, what: str, image: str, content: bytes, request: httpx.Request) -> httpx.Response:
        match what:
            case "POST images":
                self.made += 1
                made: Mapping[str, str] = json.loads(content)
                self.names[str(self.made)] = made["name"]
                return httpx.Response(201, json={"id": str(self.made)})
            case "PUT file":
                self.bytes[image] = content
                return httpx.Response(204)
            case "GET file":
                return httpx.Response(200, content=self.bytes[image]) if image in self.bytes \
                    else httpx.Response(204)
            case "GET images":
                return self._page(request.url.params.get("marker"))
        del self.names[image]
        return httpx.Response(204)

    def _page(self, marker: str | None) -> httpx.Response:
        """Two images a page."""
        known = list(self.names)
        start = known.index(marker) + 1 if marker else 0
        page = known[start:start + 2]
        more = {"next": f"/v2/images?marker={page[-1]}"} if known[start + 2:] else {}
        return httpx.Response(200, json={"images": [{"id": each, "name": self.names[each]} for each in page],
                                         **more})


@pytest.fixture
def glance() -> Glance:
    return Glance()


def workload(glance: Glance, events: list[Mapping[str, object]]) -> ImageWorkload:
    return ImageWorkload("http://glance", KeystoneSettings("http://keystone", "u", "p"), "run_1",
                         events.append, "images", 1.0, _web=httpx.AsyncClient(transport=glance))


async def test_uploads_are_compared_at_once_and_in_the_end_and_removed(glance: Glance) -> None:
    events: list[Mapping[str, object]] = []
    glance.names = {"x": f"{PREFIX} run_0 5-1", "y": "an image of somebody else"}
    upload = workload(glance, events)
    await upload.start()
    assert list(glance.names) == ["y"]   # what a killed drill left is gone
    answers = [await upload.attempt(f"5-{number}") for number in range(5)]
    assert {(item.outcome, item.result) for item in answers} == {(Outcome.OK, "same")}
    assert glance.bytes["1"] == content_of("run_1", "5-0")
    del glance.bytes["2"]
    glance.bytes["3"] = b"rotten"
    del glance.names["4"]
    glance.names["again"] = f"{PREFIX} run_1 5-4"
    await upload.finish()
    assert {event["value"]: (event["copies"], event["state"]) for event in events} == {
        "5-0": (1, "good"), "5-1": (1, "missing"), "5-2": (1, "corrupt"), "5-3": (0, "missing"),
        "5-4": (2, "good")}
    assert list(glance.names) == ["y"]


async def test_other_bytes_are_told(glance: Glance, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = workload(glance, [])
    await upload.start()
    real = glance._answer

    def rots(what: str, image: str, content: bytes, request: httpx.Request) -> httpx.Response:
        return real(what, image, content[:-1] if what == "PUT file" else content, request)

    monkeypatch.setattr(glance, "_answer", rots)
    answer = await upload.attempt("5-0")
    assert (answer.outcome, answer.result) == (Outcome.OK, "other bytes")


@pytest.mark.parametrize("status", [204, 404])
async def test_what_is_not_there_right_after_it_was_stored_is_told(
        glance: Glance, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    upload = workload(glance, [])
    await upload.start()
    real = glance._answer

    def hides(what: str, image: str, content: bytes, request: httpx.Request) -> httpx.Response:
        return httpx.Response(status) if what == "GET file" else real(what, image, content, request)

    monkeypatch.setattr(glance, "_answer", hides)
    answer = await upload.attempt("5-0")
    assert (answer.outcome, answer.error, answer.result) == (Outcome.OK, f"status {status}", NOT_AT_ONCE)


@pytest.mark.parametrize("refused", ["POST images", "PUT file"])
async def test_what_is_refused_is_not_acknowledged(glance: Glance, refused: str) -> None:
    upload = workload(glance, [])
    await upload.start()
    glance.refuses = {refused}
    assert (await upload.attempt("5-0")).outcome is Outcome.FAIL


async def test_what_cannot_be_read_back_is_not_missing(glance: Glance) -> None:
    events: list[Mapping[str, object]] = []
    upload = workload(glance, events)
    await upload.start()
    await upload.attempt("5-0")
    glance.refuses = {"GET images"}
    await upload.finish()
    assert [event["state"] for event in events] == ["unread"]
