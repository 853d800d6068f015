#!/usr/bin/python3 -IS
"""A small service: answers over HTTP what its folder says, and holds a connection to a broker.

    service.py FOLDER
        FOLDER/port      where it listens; without this file it does not
        FOLDER/answers   lines "PATH STATUS BODY"; read anew for every request; else 404
        FOLDER/unix      it answers at FOLDER/socket too
        FOLDER/broker    port of the broker to connect to; without this file it does not
        FOLDER/obstinate it does not end at SIGTERM
        FOLDER/deadlock  once it is there, the service blocks for ever
"""

import contextlib
import http.server
import os
import signal
import socket
import sys
import threading
import time

folder = sys.argv[1]


def text(name):
    try:
        with open(f"{folder}/{name}") as file:
            return file.read()
    except FileNotFoundError:
        return ""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(f"{folder}/asked", "a") as file:
            file.write(f"{self.command} {self.path} {self.headers.get('X-Auth-Token', '-')}\n")
        for line in text("answers").splitlines():
            path, status, body = line.split(" ", 2)
            if path == self.path:
                return self.say(int(status), body.encode())
        self.say(404, b"nothing here")

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def say(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 201:
            self.send_header("X-Subject-Token", "a-token")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


class OverUnix(http.server.HTTPServer):
    address_family = socket.AF_UNIX

    def server_bind(self):
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = "unix", 0


class Metadata(Handler):
    def address_string(self):
        return "unix"


if os.path.exists(f"{folder}/unix"):
    over_unix = OverUnix(f"{folder}/socket", Metadata)
    threading.Thread(target=over_unix.serve_forever, daemon=True).start()
if os.path.exists(f"{folder}/obstinate"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if port := text("port"):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
link = None
while True:
    if link is None and text("broker"):
        with contextlib.suppress(OSError):
            link = socket.create_connection(("127.0.0.1", int(text("broker"))))
    if os.path.exists(f"{folder}/deadlock"):
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()
    time.sleep(0.05)
