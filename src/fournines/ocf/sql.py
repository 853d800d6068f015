"""One question to MariaDB over its UNIX socket, as root, whom it knows by the kernel's word for it.

The few packets of the protocol that this takes are written here: a client library takes longer to import
than all else that an agent does. Source: MariaDB's client/server protocol, connection phase and COM_QUERY.
"""

from __future__ import annotations

import socket

PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH = 0x200, 0x8000, 0x80000
UTF8 = 33
LARGEST_PACKET = 1 << 24
PROTOCOL_VERSION, COM_QUERY = 10, 3
OK, ERROR, AUTH_SWITCH = 0x00, 0xFF, 0xFE
MOST_SWITCHES = 3
TOO_MANY_CONNECTIONS = 1040


class NoAnswer(Exception):
    """The server did not answer in time, or with an error; ``code`` is the server's own, 0 for silence."""

    def __init__(self, reason: str, code: int = 0) -> None:
        super().__init__(reason)
        self.code = code


def ask(path: str, query: str, within_s: float, user: str = "root") -> None:
    """Returns once the server has begun to answer ``query`` with rows."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(within_s)
    try:
        connection.connect(path)
        _log_in(connection, user)
        _send(connection, 0, bytes([COM_QUERY]) + query.encode())
        _receive(connection)
    except OSError as problem:
        raise NoAnswer(f"{path}: {problem.strerror or problem}") from None
    finally:
        connection.close()


def _log_in(connection: socket.socket, user: str) -> None:
    number, greeting = _receive(connection)
    if greeting[0] != PROTOCOL_VERSION:
        raise NoAnswer(f"greets with protocol {greeting[0]}, not {PROTOCOL_VERSION}")
    login = ((PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH).to_bytes(4, "little")
             + LARGEST_PACKET.to_bytes(4, "little") + bytes([UTF8]) + bytes(23)
             + user.encode() + b"\0" + b"\0" + b"mysql_native_password\0")
    _send(connection, number + 1, login)
    for _ in range(MOST_SWITCHES):
        number, answer = _receive(connection)
        if answer[0] == OK:
            return
        if answer[0] != AUTH_SWITCH:
            raise NoAnswer("answers the login with something unknown")
        # The other way to log in needs nothing from here: the kernel says who is at this end.
        _send(connection, number + 1, b"")
    raise NoAnswer("does not come to an end with the login")


def _send(connection: socket.socket, number: int, payload: bytes) -> None:
    connection.sendall(len(payload).to_bytes(3, "little") + bytes([number]) + payload)


def _receive(connection: socket.socket) -> tuple[int, bytes]:
    """Number and payload of a packet; NoAnswer where it is an error."""
    head = _exactly(connection, 4)
    payload = _exactly(connection, int.from_bytes(head[:3], "little"))
    if not payload:
        raise NoAnswer("answers with nothing")
    if payload[0] == ERROR:
        code = int.from_bytes(payload[1:3], "little")
        raise NoAnswer(f"answers with error {code}: {payload[3:].decode(errors='replace')}", code)
    return head[3], payload


def _exactly(connection: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        piece = connection.recv(count - len(found))
        if not piece:
            raise NoAnswer("ends the connection")
        found += piece
    return found
