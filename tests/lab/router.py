"""A project's network with a router, made through the APIs of a lab's cluster as its user would."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass

from fournines.errors import CommandFailed
from fournines.lab.lab import Lab
from fournines.layers.api.records import ADMIN, ADMIN_PROJECT, ADMIN_SECRET
from fournines.layers.api.settings import DOMAIN, IDENTITY_PORT
from lab.conftest import connect, on
from lab.controlplane import ControlPlane

NETWORKING_PORT = 9696
CIDR, GATEWAY = "10.77.0.0/24", "10.77.0.1"


@dataclass(frozen=True, slots=True)
class Router:
    """Neutron's ids; ``gateway`` is its address in the network."""

    id: str
    network: str
    gateway: str = GATEWAY

    def answers(self, lab: Lab, node: str) -> bool:
        """Whether it does from within the network, as the DHCP server's port on that node sees it."""
        try:
            on(lab, node, "ip", "netns", "exec", f"qdhcp-{self.network}", "ping", "-c", "1", "-W", "1",
               self.gateway)
        except CommandFailed:
            return False
        return True

    def namespaces(self, lab: Lab, node: str) -> set[str]:
        """Those of its that the node has."""
        there = {line.split()[0] for line in on(lab, node, "ip", "netns", "list").splitlines()}
        return there & {f"qrouter-{self.id}", f"qdhcp-{self.network}"}


def make_router(plane: ControlPlane, address: str) -> Router:
    """One network with a subnet and a router in it; ``address`` is that of the APIs."""
    password = plane.secrets()[ADMIN_SECRET]
    user = {"name": ADMIN, "password": password, "domain": {"name": DOMAIN}}
    scope = {"project": {"name": ADMIN_PROJECT, "domain": {"name": DOMAIN}}}
    login = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
    _, headers = _ask(plane.lab, address, IDENTITY_PORT, "POST", "/v3/auth/tokens", login)
    token = headers["X-Subject-Token"]

    def ask(method: str, path: str, body: Mapping[str, object]) -> Mapping[str, Mapping[str, str]]:
        found, _ = _ask(plane.lab, address, NETWORKING_PORT, method, f"/v2.0{path}", body, token)
        return found

    network = ask("POST", "/networks", {"network": {"name": "inside"}})["network"]["id"]
    subnet = ask("POST", "/subnets", {"subnet": {"network_id": network, "cidr": CIDR, "ip_version": 4,
                                                 "gateway_ip": GATEWAY}})["subnet"]["id"]
    router = ask("POST", "/routers", {"router": {"name": "out"}})["router"]["id"]
    ask("PUT", f"/routers/{router}/add_router_interface", {"subnet_id": subnet})
    return Router(router, network)


def _ask(lab: Lab, address: str, port: int, method: str, path: str, body: Mapping[str, object],
         token: str = "") -> tuple[Mapping[str, Mapping[str, str]], http.client.HTTPMessage]:
    """The answer and its headers; fails with what was said where it is no success."""
    connection = http.client.HTTPConnection(address, port)
    connection.sock = connect(lab, address, port)
    try:
        connection.request(method, path, json.dumps(body),
                           {"Content-Type": "application/json", "X-Auth-Token": token})
        answer = connection.getresponse()
        said = answer.read().decode()
        assert answer.status < 300, f"{method} {path}: {answer.status} {said}"
        return json.loads(said), answer.headers
    finally:
        connection.close()
