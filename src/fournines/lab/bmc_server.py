"""The process of a lab's BMC, started by ``bmc.Bmc``: Redfish over TLS, and the machines' power.

    python -m fournines.lab.bmc_server IMAGES LAB_DIRECTORY ADDRESS PORT

Its socket is in the lab's network, it itself is not: it acts on the machines as any command of this computer
does.
"""

from __future__ import annotations

import base64
import hmac
import http.server
import json
import os
import socket
import ssl
import sys
import threading
import time
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

from fournines.errors import FourninesError
from fournines.lab import redfish
from fournines.lab.bmc import USER, PowerAction, note_action, write_process
from fournines.lab.driver import Machine, Power
from fournines.lab.layout import Layout, read_layout
from fournines.lab.pids import ProcessId
from fournines.lab.places import LabPlaces
from fournines.lab.redfish import Answer, Reset, ResetType
from fournines.lab.wires import Cables, fabric_socket

SILENCE_S = 30.0   # then a client is taken for gone
BODY_LIMIT = 64 << 10
BACKLOG = 32


class Service:
    """The machines behind the BMC."""

    def __init__(self, images: Path, places: LabPlaces, layout: Layout) -> None:
        self._images = images
        self._places = places
        self._layout = layout

    def go_on(self) -> None:
        """Machines that were in their firmware when an earlier BMC ended boot, too."""
        for name in self._layout.machines:
            if (machine := self._machine(name)).power is Power.STARTING:
                start(machine)

    def knows(self, authorization: str) -> bool:
        """Whether the header is that of the user with the password."""
        wanted = base64.b64encode(f"{USER}:{self._places.bmc.password.read_text()}".encode())
        return hmac.compare_digest(authorization.encode(), b"Basic " + wanted)

    def answer(self, method: str, path: str, body: bytes, by: str) -> Answer:
        """Returns when what was asked has been done."""
        power = {name: self._machine(name).power.value for name in self._layout.machines}
        found = redfish.answer(method, path, body, power)
        return self._act(found, by) if isinstance(found, Reset) else found

    def _act(self, reset: Reset, by: str) -> Answer:
        at, begun = datetime.now(UTC), time.monotonic()
        machine = self._machine(reset.node)
        try:
            do(machine, reset.kind)
            outcome, said = machine.power.value, redfish.DONE
        except FourninesError as failed:
            outcome, said = failed.message, redfish.problem(500, failed.message)
        took_s = round(time.monotonic() - begun, 3)
        note_action(self._places.bmc, PowerAction(at, by, reset.node, reset.kind, took_s, outcome))
        return said

    def _machine(self, name: str) -> Machine:
        return self._layout.machine(name, self._images, self._places)


def do(machine: Machine, kind: ResetType) -> None:
    """One power action; what is already as asked stays so."""
    match kind:
        case ResetType.ON:
            start(machine)
        case ResetType.FORCE_OFF:
            machine.power_off()
        case ResetType.GRACEFUL_SHUTDOWN:
            machine.shut_down()
        case ResetType.FORCE_RESTART:
            machine.power_off()
            start(machine)


def start(machine: Machine) -> None:
    """It is on at once, and boots when its firmware is done: else a node that is fenced would be back while
    the others recover, which no real one is."""
    if begun := machine.enter_firmware():
        timer = threading.Timer(machine.firmware_s, _boot, (machine, begun))
        timer.daemon = True
        timer.start()


def _boot(machine: Machine, begun: str) -> None:
    try:
        machine.boot(begun)
    except FourninesError as failed:
        print(f"{machine.name} does not boot: {failed.message}", file=sys.stderr)


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection, in a thread of its own."""

    protocol_version = "HTTP/1.1"
    timeout = SILENCE_S
    service: Service   # set on a subclass, as the server makes the handlers

    def do_GET(self) -> None:
        self._say(self._answer(b""))

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > BODY_LIMIT:
            self.close_connection = True
            self._say(redfish.problem(400, f"a body of at most {BODY_LIMIT} bytes is needed"))
            return
        self._say(self._answer(self.rfile.read(int(length))))

    def _answer(self, body: bytes) -> Answer:
        if not redfish.is_open(self.command, self.path) \
                and not self.service.knows(self.headers.get("Authorization", "")):
            return redfish.problem(401, "user and password, please")
        return self.service.answer(self.command, self.path, body, str(self.client_address[0]))

    def _say(self, answer: Answer) -> None:
        content = b"" if answer.data is None else json.dumps(answer.data).encode()
        self.send_response(answer.status)
        self.send_header("OData-Version", "4.0")
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Basic realm="Redfish"')
        if content:
            self.send_header("Content-Type", "application/json")
        if answer.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Not every request; actions are noted by the service."""


class Server(http.server.ThreadingHTTPServer):
    """On a socket that is there already. The handshake is each connection's own: one that hangs holds up
    nobody else."""

    daemon_threads = True

    def __init__(self, listening: socket.socket, context: ssl.SSLContext, handler: type[Handler]) -> None:
        super().__init__(listening.getsockname(), handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self._context = context

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        link, peer = self.socket.accept()
        link.settimeout(SILENCE_S)
        return self._context.wrap_socket(link, server_side=True, do_handshake_on_connect=False), peer

    def handle_error(self, request: object, client_address: object) -> None:
        """One line for a connection that broke."""
        print(f"{client_address}: {sys.exception()!r}", file=sys.stderr)


def main(words: list[str]) -> None:
    """Serves until it is killed."""
    places = LabPlaces(Path(words[1]))
    layout = read_layout(places.state)
    if layout is None:
        sys.exit("the lab is not up")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(places.bmc.certificate, places.bmc.key)
    listening = fabric_socket(Cables(layout.lab, (), ()).path)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((words[2], int(words[3])))
    listening.listen(BACKLOG)
    service = Service(Path(words[0]), places, layout)
    handler = type("LabHandler", (Handler,), {"service": service})
    process = ProcessId.of(os.getpid())
    assert process is not None
    write_process(places.bmc, process)
    service.go_on()
    Server(listening, context, handler).serve_forever()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (FourninesError, OSError) as problem:
        sys.exit(str(problem))
