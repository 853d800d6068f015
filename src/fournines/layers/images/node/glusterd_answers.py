#!/usr/bin/python3
"""Whether glusterd answers its command line's socket; exit code 0, or a line that says what it did instead.

Asks with one ONC RPC message (RFC 5531) which programs it serves, as GlusterFS's own clients begin. The
``gluster`` command would tell the same, at ten times the processor time for every plan.
Shipped as /usr/lib/fournines/glusterd_answers.py; standard library only, and little of that: it runs often.
"""

import socket
import struct
import sys

SOCKET = "/var/run/glusterd.socket"
TIMEOUT_S = 5.0
# The program that every GlusterFS process serves, its version, and the procedure that lists the others.
PROGRAM, VERSION, DUMP = 123451501, 1, 1
CALL_ID, CALL, REPLY, ACCEPTED, RPC_VERSION, NO_AUTHENTICATION = 4, 0, 1, 0, 2, (0, 0)
LAST_FRAGMENT = 1 << 31


def question() -> bytes:
    """The call as one record. Pure."""
    call = struct.pack(">10I", CALL_ID, CALL, RPC_VERSION, PROGRAM, VERSION, DUMP,
                       *NO_AUTHENTICATION, *NO_AUTHENTICATION)
    return struct.pack(">I", LAST_FRAGMENT | len(call)) + call


def is_answer(record: bytes) -> bool:
    """Whether these first 16 octets of a record are an accepted reply to the call. Pure."""
    return len(record) == 16 and struct.unpack(">4I", record)[1:] == (CALL_ID, REPLY, ACCEPTED)


def main() -> None:
    """Ask once."""
    with socket.socket(socket.AF_UNIX) as asked:
        asked.settimeout(TIMEOUT_S)
        try:
            asked.connect(SOCKET)
            asked.sendall(question())
            if not is_answer(asked.recv(16, socket.MSG_WAITALL)):
                sys.exit(f"{SOCKET}: not the answer of a glusterd")
        except OSError as problem:
            sys.exit(f"{SOCKET}: {problem}")


if __name__ == "__main__":
    main()
