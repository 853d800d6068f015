"""What an error proves: the tables that turn errors of clients into outcomes. Pure, and tested line by line.

Only an error that proves that nothing happened is FAIL. Whatever came after the request was sent, and every
error at COMMIT, is UNKNOWN: of 276 inserts that a cut-off Galera node refused, 2 were in the table
afterwards. So is a nack: a broker whose disk failed under it handed a message to its consumer, and nacked it.
"""

from __future__ import annotations

from enum import StrEnum

from fournines.drills.operation import Outcome


class SqlPhase(StrEnum):
    """How far a transaction had come when its error arrived."""

    CONNECT = "connect"
    STATEMENT = "statement"   # COMMIT not sent: a lost connection rolls back
    COMMIT = "commit"


def of_sql(phase: SqlPhase) -> Outcome:
    """Of an INSERT in a transaction of its own. Before COMMIT is sent nothing can become durable, whatever
    the error; afterwards nothing that the client hears but success says what became of it."""
    return Outcome.UNKNOWN if phase is SqlPhase.COMMIT else Outcome.FAIL


class AmqpError(StrEnum):
    """What can come instead of a confirm."""

    NOT_CONNECTED = "not connected"
    NACKED = "nacked"
    RETURNED = "returned"               # mandatory, and no queue to put it in
    NO_CONFIRM = "no confirm in time"
    LOST = "connection lost"


_AMQP = {
    AmqpError.NOT_CONNECTED: Outcome.FAIL,
    AmqpError.NACKED: Outcome.UNKNOWN,
    AmqpError.RETURNED: Outcome.FAIL,
    AmqpError.NO_CONFIRM: Outcome.UNKNOWN,
    AmqpError.LOST: Outcome.UNKNOWN,
}


def of_amqp(error: AmqpError) -> Outcome:
    """Of a persistent, mandatory message published with confirms."""
    return _AMQP[error]


class HttpError(StrEnum):
    """Where a request without an answer got stuck."""

    NOT_CONNECTED = "not connected"
    NO_ANSWER = "no answer in time"
    BROKEN = "connection broke"


_HTTP = {
    HttpError.NOT_CONNECTED: Outcome.FAIL,
    HttpError.NO_ANSWER: Outcome.UNKNOWN,
    HttpError.BROKEN: Outcome.UNKNOWN,
}


def of_http_error(error: HttpError) -> Outcome:
    """Of a request that got no answer."""
    return _HTTP[error]


def of_http_status(status: int, wanted: int) -> Outcome:
    """503 is what HAProxy says when it has passed the request to nobody; 4xx is a refusal. 500, 502 and 504
    can come after the request has done its work."""
    if status == wanted:
        return Outcome.OK
    return Outcome.FAIL if status == 503 or 400 <= status < 500 else Outcome.UNKNOWN


class CacheError(StrEnum):
    """What can come instead of the answers to ``get`` and ``set``."""

    NOT_CONNECTED = "not connected"
    NOT_STORED = "not stored"      # the server says so
    NO_ANSWER = "no answer"        # the connection broke, or nothing came in time


_CACHE = {
    CacheError.NOT_CONNECTED: Outcome.FAIL,
    CacheError.NOT_STORED: Outcome.FAIL,
    CacheError.NO_ANSWER: Outcome.UNKNOWN,
}


def of_cache(error: CacheError) -> Outcome:
    """Of a ``set``."""
    return _CACHE[error]
