"""HTTP through the VIP: a Keystone token, the listings of other services. Connections are kept alive, and
nothing is asked twice."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from fournines.drills.operation import Outcome
from fournines.drills.outcomes import HttpError, of_http_error, of_http_status
from fournines.drills.workloads.workload import CONNECT_TIMEOUT_S, REPLY_TIMEOUT_S, Answer

HTTP_TIMEOUT = httpx.Timeout(REPLY_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)


@dataclass(frozen=True, slots=True)
class KeystoneSettings:
    """``url`` without the version: ``http://192.168.42.101:5000``."""

    url: str
    user: str
    password: str = field(repr=False)
    project: str = ""
    domain: str = "Default"


def client() -> httpx.AsyncClient:
    """As many connections as there can be probes under way; no proxy of the environment."""
    return httpx.AsyncClient(timeout=HTTP_TIMEOUT, trust_env=False, follow_redirects=False,
                             limits=httpx.Limits(max_connections=None, max_keepalive_connections=20))


async def ask(web: httpx.AsyncClient, method: str, url: str, wanted: int, *, body: object = None,
              headers: Mapping[str, str] | None = None) -> Answer:
    """One request, judged by its status."""
    sent_s = time.monotonic()
    try:
        answer = await web.request(method, url, json=body, headers=dict(headers or {}))
    except httpx.HTTPError as problem:
        return unanswered(problem, sent_s)
    outcome = of_http_status(answer.status_code, wanted)
    return Answer(outcome, sent_s, "" if outcome is Outcome.OK else f"status {answer.status_code}")


def unanswered(problem: httpx.HTTPError, sent_s: float) -> Answer:
    """What a request came to that got no answer."""
    match problem:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout():
            error = HttpError.NOT_CONNECTED
        case httpx.TimeoutException():
            error = HttpError.NO_ANSWER
        case _:
            error = HttpError.BROKEN
    return Answer(of_http_error(error), sent_s, error.value)


async def log_in(web: httpx.AsyncClient, keystone: KeystoneSettings) -> str:
    """A token for the project, by password. Raises httpx.HTTPError."""
    who = {"name": keystone.user, "domain": {"name": keystone.domain}, "password": keystone.password}
    answer = await web.post(f"{keystone.url}/v3/auth/tokens", json={"auth": {
        "identity": {"methods": ["password"], "password": {"user": who}}, "scope": scope(keystone)}})
    answer.raise_for_status()
    return answer.headers["X-Subject-Token"]


def scope(keystone: KeystoneSettings) -> dict[str, object]:
    """The project, as Keystone wants it."""
    return {"project": {"name": keystone.project, "domain": {"name": keystone.domain}}}
