"""A small cluster of fake nodes with two layers: a replicated store, and a front that needs it.

A store member is ready when its unit runs and was started with a configuration without the word ``broken``.
The world remembers every moment at which fewer than two of three members were ready because of a restart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network

from fournines.blueprint.contribution import Contribution, Exchange, Invariant, Members, Seat
from fournines.blueprint.files import NodeDirectory, NodeFile
from fournines.blueprint.predicate import Fact, OnAny, OnEvery, OnExactly, OnOthers, Test
from fournines.blueprint.requests import Failed, JsonValue, Reply, Request, Run, Unit
from fournines.blueprint.snapshot import Probe, Unreadable
from fournines.blueprint.steps import Gate, On, Service, Step
from fournines.cluster.timers import derive
from fournines.cluster.topology import Cluster, Network, Node, Recovery, Vip
from fournines.engine.compile import Blueprint, compile
from fournines.engine.observe import observe
from fournines.engine.plan import Plan
from fournines.engine.planner import make_plan
from fournines.layers.layer import Layer, Site
from fournines.nodes.fake import FakeNode, FakeUnit

NODES = ("ctl1", "ctl2", "ctl3")
PASSWORD = "hunter2-and-more"
STORE_UNIT, FRONT_UNIT = "store.service", "front.service"
STATE, ACCOUNT = Run(("store-state",)), Run(("account-there",))
MAKE_ACCOUNT = Run(("make-account",), stdin=PASSWORD)


def mask(text: str) -> str:
    return text.replace(PASSWORD, "********")


def text_at(key: str) -> Callable[[JsonValue], object]:
    def parse(reply: JsonValue) -> object:
        if not isinstance(reply, dict):
            raise Unreadable("no table")
        return reply[key]
    return parse


@dataclass(frozen=True, slots=True)
class StoreSpec:
    """Settings of the store; ``line`` goes into its configuration."""

    line: str = "size = 1"
    gate_s: float = 5.0


@dataclass(frozen=True, slots=True)
class FrontSpec:
    """Settings of the front."""


def store(site: Site) -> Contribution:
    spec = site.cluster.spec(StoreSpec)
    assert spec is not None
    ready = Fact("store.state", "", Test.EQ, "ready")
    config = f"# store\nport = 1\npassword = {PASSWORD}\n{spec.line}\n".encode()
    return Contribution(
        packages=dict.fromkeys(NODES, ("store-server",)),
        directories=dict.fromkeys(NODES, (NodeDirectory("/etc/store", 0o750),)),
        files=dict.fromkeys(NODES, (
            NodeFile("/etc/store/store.conf", config), NodeFile("/etc/store/motd", b"welcome\n"),
            NodeFile("/etc/store/key", PASSWORD.encode(), 0o600, secret=True))),
        services=(Service(STORE_UNIT, NODES, ("/etc/store/store.conf", "/etc/store/key"),
                          ready=Gate(ready, spec.gate_s), others_ok=OnOthers(NODES, ready)),),
        steps=(Step("store: make the account", On.FIRST, {node: (MAKE_ACCOUNT,) for node in NODES},
                    why="the front logs in with it", unless=OnAny(NODES, Fact("store.account")),
                    only_if=ready, refusal="bring the store back", needs=(f"store: start {STORE_UNIT}",)),),
        probes=(Probe("store.state", dict.fromkeys(NODES, STATE), text_at("state")),
                Probe("store.account", dict.fromkeys(NODES, ACCOUNT), text_at("there"))),
        invariants=(Invariant("every store member is ready", OnEvery(NODES, ready), "start it"),
                    Invariant("one node has the account", OnExactly(1, NODES, Fact("store.account")),
                              "make it")),
        seats=(Seat("account", Fact("store.account"), NODES),),
        members=(Members("store", ready, NODES, needs=2),))


def front(site: Site) -> Contribution:
    up = Fact("store.state", "", Test.EQ, "ready")
    return Contribution(
        files={node: (NodeFile("/etc/front.conf", b"front\n"),) for node in NODES},
        packages={node: ("front",) for node in NODES},
        services=(Service(FRONT_UNIT, NODES, ("/etc/front.conf",), ready=Gate(up, 5.0)),))


STORE = Layer("store", StoreSpec, (), lambda cluster, timers: Exchange(), store)
FRONT = Layer("front", FrontSpec, ("store",), lambda cluster, timers: Exchange(), front)


def make_cluster(spec: StoreSpec | None = None) -> Cluster:
    addresses = [{"management": IPv4Address(f"192.0.2.{number}")} for number in (11, 12, 13)]
    nodes = tuple(Node(name, at, {"rack": rack})
                  for name, at, rack in zip(NODES, addresses, "aab", strict=True))
    networks = {"management": Network("management", IPv4Network("192.0.2.0/24"))}
    vips = {"internal": Vip("internal", IPv4Address("192.0.2.101"), "management")}
    return Cluster("demo", "zed", "debian-12", Recovery(5.0), networks, vips, nodes,
                   {"store": spec or StoreSpec(), "front": FrontSpec()})


def make_blueprint(spec: StoreSpec | None = None, layers: Sequence[Layer] = (STORE, FRONT)) -> Blueprint:
    cluster = make_cluster(spec)
    return compile(cluster, derive(cluster), {}, layers)


@dataclass
class World:
    """Three fake machines. ``events`` are restarts and starts as ``ctl1 restart store.service``."""

    nodes: dict[str, FakeNode] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    accounts: set[str] = field(default_factory=set)
    loaded: dict[str, bytes] = field(default_factory=dict)
    asleep: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for name in NODES:
            node = FakeNode(name, brings={"store-server": (STORE_UNIT,), "front": (FRONT_UNIT,)})
            self.nodes[name] = node
            node.script(Run(("systemctl", "reset-failed", STORE_UNIT), check=False), {"rc": 0})
            node.script(Run(("systemctl", "reset-failed", FRONT_UNIT), check=False), {"rc": 0})
            node.script(STATE, lambda _request, name=name: self.state(name))
            node.script(ACCOUNT, lambda _request, name=name: {"there": name in self.accounts})
            node.script(MAKE_ACCOUNT, lambda _request, name=name: self.make_account(name))
            node.script(lambda request: isinstance(request, Unit) and request.act in ("start", "restart"),
                        lambda request, name=name: self.run_unit(name, request))

    def ready(self, name: str) -> bool:
        unit = self.nodes[name].units.get(STORE_UNIT, FakeUnit())
        loaded = self.loaded.get(name, b"broken")
        return unit.active == "active" and name not in self.asleep and b"broken" not in loaded

    def state(self, name: str) -> Reply:
        unit = self.nodes[name].units.get(STORE_UNIT, FakeUnit())
        if unit.active != "active":
            return Failed("connection refused")
        return {"state": "ready" if self.ready(name) else "joining"}

    def make_account(self, name: str) -> Reply:
        self.accounts.add(name)
        return {"rc": 0, "stdout": "", "stderr": ""}

    def run_unit(self, name: str, request: Request) -> Reply:
        assert isinstance(request, Unit)
        node = self.nodes[name]
        if request.unit not in node.units:
            return Failed(f"Unit {request.unit} not found.")
        self.events.append(f"{name} {request.act} {request.unit}")
        if request.unit == STORE_UNIT:
            if request.act == "restart" and not all(self.ready(other) for other in NODES if other != name):
                self.violations.append(f"{name} restarted while another was not ready")
            if request.act == "restart" or node.units[STORE_UNIT].active != "active":
                self.loaded[name] = node.files["/etc/store/store.conf"].content or b""
        node.units[request.unit] = FakeUnit("active", "running", node.units[request.unit].enabled)
        return {}

    async def plan(self, blueprint: Blueprint) -> Plan:
        return make_plan(blueprint, await observe(self.nodes, blueprint.probes), mask)

    def changes(self) -> list[Request]:
        """What the nodes were asked to change; forgets it."""
        asked = [request for node in self.nodes.values() for request in node.changing()
                 if request not in (STATE, ACCOUNT)]
        for node in self.nodes.values():
            node.asked.clear()
        return asked
