"""A cluster file as far as it can be read, right or not, so that the rules can judge the rest of it too.

What could not be read is ``None`` or absent here; whoever read it has reported it. The nodes' addresses,
which stand under the names of the file's own networks, are read and reported here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import TypeVar

from fournines.cluster.document import Data, Path, Problem
from fournines.cluster.notation import Wrong, parse_address, parse_network
from fournines.cluster.schema import USUAL_DOMAINS, NodeSection
from fournines.cluster.wording import closest, proposal, thing

Value = TypeVar("Value")
NODE_KEYS = tuple(NodeSection.model_fields)


@dataclass(frozen=True, slots=True)
class DraftNode:
    """One entry of ``nodes``. ``meant`` are the networks it names, its address there readable or not;
    ``repeated_domains`` stand both on the node and under ``domains:``."""

    path: Path
    name: str
    addresses: Mapping[str, IPv4Address]
    meant: frozenset[str]
    repeated_domains: tuple[str, ...]
    arbitrator: bool


def called(node: DraftNode) -> str:
    """How messages name it."""
    return f"node {node.name or 'number ' + str(int(node.path[-1]) + 1)}"


@dataclass(frozen=True, slots=True)
class Draft:
    """The file by its sections. ``nodes_written`` counts the unreadable ones too; ``layers`` maps name to
    settings, or None where those are wrong; ``gateways`` network to the address it names."""

    networks: Mapping[str, IPv4Network | None]
    gateways: Mapping[str, IPv4Address | None]
    vips: Mapping[str, IPv4Address | None]
    nodes: tuple[DraftNode, ...]
    nodes_written: int
    layers: Mapping[str, object | None]
    problems: tuple[Problem, ...] = ()


def draft_of(data: Data, layers: Mapping[str, object | None]) -> Draft:
    """The draft of a document's data; ``layers`` as far as pydantic could read them."""
    sections = {name: _group(value) for name, value in _group(_group(data).get("networks")).items()}
    networks = {name: _read(parse_network, each.get("cidr")) for name, each in sections.items()}
    gateways = {name: _read(parse_address, each["gateway"]) for name, each in sections.items()
                if each.get("gateway") is not None}
    vips = {name: _read(parse_address, value) for name, value in _group(_group(data).get("vips")).items()}
    section = _group(data).get("nodes")
    written = section if isinstance(section, list) else []
    problems: list[Problem] = []
    names = tuple(dict.fromkeys([*(name for name in networks if name not in NODE_KEYS), "management"]))
    nodes = tuple(_node(("nodes", index), node, data, names if networks else (), problems)
                  for index, node in enumerate(written) if isinstance(node, dict))
    return Draft(networks, gateways, vips, nodes, len(written), layers, tuple(problems))


def _node(path: Path, node: dict[str, Data], data: Data, networks: tuple[str, ...],
          problems: list[Problem]) -> DraftNode:
    addresses: dict[str, IPv4Address] = {}
    meant = set()
    for key, value in node.items():
        if key in NODE_KEYS:
            continue
        if key in networks:
            meant.add(key)
            try:
                addresses[key] = parse_address(value)
            except Wrong as wrong:
                whose = thing((*path, key), data)
                problems.append(Problem((*path, key), f"{whose} {wrong.what}", wrong.instead))
        elif networks:
            known = [*NODE_KEYS, *networks]
            meant.add(closest(key, known) or "")
            instead = proposal(key, known)
            if not closest(key, known):
                instead = f"{instead}; other failure domains go under domains: {{{key}: ...}}"
            what = f'{thing(path, data)} has no setting and no network "{key}"'
            problems.append(Problem((*path, key), what, instead, at_key=True))
    name = node.get("name")
    repeated = tuple(kind for kind in USUAL_DOMAINS if kind in node and kind in _group(node.get("domains")))
    return DraftNode(path, name if isinstance(name, str) else "", addresses, frozenset(meant), repeated,
                     node.get("arbitrator") is True)


def _group(value: Data) -> dict[str, Data]:
    return value if isinstance(value, dict) else {}


def _read(parse: Callable[[object], Value], value: Data) -> Value | None:
    try:
        return parse(value)
    except Wrong:
        return None
