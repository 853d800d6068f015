"""The tables of what an error proves, line by line."""

from __future__ import annotations

import pytest

from fournines.drills.operation import Outcome
from fournines.drills.outcomes import (
    AmqpError,
    CacheError,
    HttpError,
    SqlPhase,
    of_amqp,
    of_cache,
    of_http_error,
    of_http_status,
    of_sql,
)

OK, FAIL, UNKNOWN = Outcome.OK, Outcome.FAIL, Outcome.UNKNOWN


@pytest.mark.parametrize(("phase", "outcome"), [
    (SqlPhase.CONNECT, FAIL), (SqlPhase.STATEMENT, FAIL), (SqlPhase.COMMIT, UNKNOWN)])
def test_sql(phase: SqlPhase, outcome: Outcome) -> None:
    assert of_sql(phase) is outcome


@pytest.mark.parametrize(("error", "outcome"), [
    (AmqpError.NOT_CONNECTED, FAIL), (AmqpError.NACKED, UNKNOWN), (AmqpError.RETURNED, FAIL),
    (AmqpError.NO_CONFIRM, UNKNOWN), (AmqpError.LOST, UNKNOWN)])
def test_amqp(error: AmqpError, outcome: Outcome) -> None:
    assert of_amqp(error) is outcome


@pytest.mark.parametrize(("error", "outcome"), [
    (CacheError.NOT_CONNECTED, FAIL), (CacheError.NOT_STORED, FAIL), (CacheError.NO_ANSWER, UNKNOWN)])
def test_cache(error: CacheError, outcome: Outcome) -> None:
    assert of_cache(error) is outcome


@pytest.mark.parametrize(("error", "outcome"), [
    (HttpError.NOT_CONNECTED, FAIL), (HttpError.NO_ANSWER, UNKNOWN), (HttpError.BROKEN, UNKNOWN)])
def test_http_without_an_answer(error: HttpError, outcome: Outcome) -> None:
    assert of_http_error(error) is outcome


@pytest.mark.parametrize(("status", "outcome"), [
    (201, OK), (200, UNKNOWN), (300, UNKNOWN), (401, FAIL), (404, FAIL), (503, FAIL), (500, UNKNOWN),
    (502, UNKNOWN), (504, UNKNOWN)])
def test_http_status(status: int, outcome: Outcome) -> None:
    assert of_http_status(status, wanted=201) is outcome
