"""Whether glusterd answers: one ONC RPC message (RFC 5531) to the socket of its command line.

It asks which programs glusterd serves, as GlusterFS's own clients begin. The ``gluster`` command would tell
the same, at a hundred times the processor time for every plan.
"""

from __future__ import annotations

import struct

from fournines.blueprint.requests import UnixAsk

SOCKET = "/var/run/glusterd.socket"
TIMEOUT_S = 5.0
# The program that every GlusterFS process serves, its version, and the procedure that lists the others.
PROGRAM, VERSION, DUMP = 123451501, 1, 1
CALL_ID, CALL, REPLY, ACCEPTED, RPC_VERSION, NO_AUTHENTICATION = 4, 0, 1, 0, 2, (0, 0)
LAST_FRAGMENT = 1 << 31
ANSWER_BYTES = 16   # the head of the reply, which says whether the call was accepted


def question() -> bytes:
    """The call as one record."""
    call = struct.pack(">10I", CALL_ID, CALL, RPC_VERSION, PROGRAM, VERSION, DUMP,
                       *NO_AUTHENTICATION, *NO_AUTHENTICATION)
    return struct.pack(">I", LAST_FRAGMENT | len(call)) + call


def is_answer(record: bytes) -> bool:
    """Whether these first octets of a record are an accepted reply to the call."""
    return len(record) == ANSWER_BYTES and struct.unpack(">4I", record)[1:] == (CALL_ID, REPLY, ACCEPTED)


def asked() -> UnixAsk:
    """The whole conversation as a request."""
    return UnixAsk(SOCKET, question(), ANSWER_BYTES, TIMEOUT_S)
