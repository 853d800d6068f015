"""Whether what a service depends on answers. A service must not be restarted or moved for a fault that lies
elsewhere: the restart would not help, and everything after it in its group would go down as well."""

from __future__ import annotations

import socket

from fournines.ocf.settings_file import option, places

SQL_PORT, BROKER_PORT = 3306, 5672
SQL_PROTOCOL = 10
PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME = 1
WITHIN_S = 2.0


def database_answers(config: str) -> bool:
    """Whether the database of ``[database] connection`` greets; True where none is named, for then it is no
    excuse."""
    found = places(option(config, "database", "connection"), SQL_PORT)
    return not found or any(_sql_greets(*place) for place in found)


def brokers(*configs: str) -> list[tuple[str, int]]:
    """The members of the broker that ``transport_url`` names, in the first of the files that has it."""
    for config in configs:
        if found := places(option(config, "DEFAULT", "transport_url"), BROKER_PORT):
            return found
    return []


def broker_answers(members: list[tuple[str, int]], within_s: float = WITHIN_S) -> bool:
    """Whether one of them speaks AMQP. A port that is only open does not: its broker may be frozen."""
    return any(_broker_greets(*member, within_s) for member in members)


def _sql_greets(host: str, port: int) -> bool:
    greeting = _exchange(host, port, b"", 5, WITHIN_S)
    return len(greeting) == 5 and greeting[4] == SQL_PROTOCOL


def _broker_greets(host: str, port: int, within_s: float) -> bool:
    return _exchange(host, port, PROTOCOL_HEADER, 1, within_s) == bytes([METHOD_FRAME])


def _exchange(host: str, port: int, said: bytes, size: int, within_s: float) -> bytes:
    """The first ``size`` bytes that a server sends; fewer where it is not there."""
    heard = b""
    try:
        with socket.create_connection((host, port), timeout=within_s) as link:
            link.sendall(said)
            while len(heard) < size and (part := link.recv(size - len(heard))):
                heard += part
    except OSError:
        pass
    return heard
