"""From crm shell text to a ``Cluster``: what each statement makes, as crmsh's manual has it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from fournines.artifacts.crm import Document, Part, Statement, Word
from fournines.audit.cloud import File
from fournines.audit.systems.resources import (
    Cluster,
    Colocation,
    Container,
    Level,
    Location,
    Operation,
    Order,
    Primitive,
    Value,
    Values,
)
from fournines.findings import Place

_SCORE = re.compile(r"(?P<score>[+-]?(?:inf|infinity|[0-9]+)|"
                    r"[Mm]andatory|[Aa]dvisory|[Oo]ptional|[Ss]erialize):?")
_OPTIONS_OF_SETS = ("symmetrical=", "node-attribute=", "sequential=", "require-all=", "action=", "role=")


def cluster(node: str, files: Iterable[tuple[File, Document]]) -> Cluster:
    """What all crm shell texts of a node make together: batches add to one another."""
    reader = _Reader()
    first: Place | None = None
    for file, document in files:
        first = first or file.at()
        for statement in document.statements:
            reader.read(file, statement)
    return Cluster(
        node, reader.properties_at or first or Place(""), tuple(reader.primitives), tuple(reader.containers),
        tuple(reader.locations), tuple(reader.colocations), tuple(reader.orders), tuple(reader.levels),
        reader.properties, reader.resource_defaults, reader.operation_defaults, tuple(reader.nodes),
        tuple(reader.standby), tuple(reader.named), False, tuple(reader.ids))


class _Reader:
    def __init__(self) -> None:
        self.primitives: list[Primitive] = []
        self.containers: list[Container] = []
        self.locations: list[Location] = []
        self.colocations: list[Colocation] = []
        self.orders: list[Order] = []
        self.levels: list[Level] = []
        self.properties: dict[str, Value] = {}
        self.resource_defaults: dict[str, Value] = {}
        self.operation_defaults: dict[str, Value] = {}
        self.properties_at: Place | None = None
        self.nodes: list[str] = []
        self.standby: list[Value] = []
        self.named: list[tuple[str, Value]] = []
        self.ids: list[Value] = []

    def read(self, file: File, statement: Statement) -> None:
        kind, words = statement.kind, statement.words
        at = file.at(statement.line)
        if kind in ("property", "rsc_defaults", "op_defaults"):
            into = {"property": self.properties, "rsc_defaults": self.resource_defaults}.get(
                kind, self.operation_defaults)
            into.update(_settings(file, (*words, *_all(statement.parts))))
            if kind == "property":
                self.properties_at = self.properties_at or at
            return
        if kind == "fencing_topology":
            self._levels(file, words)
            return
        if not words:
            return
        if kind != "node":
            self.ids.append(_value(file, words[0]))
        if kind in ("primitive", "rsc_template"):
            primitive = _primitive(file, statement)
            if kind == "primitive":
                self.primitives.append(primitive)
        elif kind in ("group", "clone", "ms", "master"):
            self._container(file, statement)
        elif kind == "location":
            self._location(file, words, at)
        elif kind in ("colocation", "collocation"):
            self._colocation(file, words, at)
        elif kind == "order":
            self._order(file, words, at)
        elif kind == "node":
            self._node(file, statement)

    def _container(self, file: File, statement: Statement) -> None:
        members = tuple(_value(file, word) for word in statement.words[1:] if word.setting is None)
        meta = _settings(file, _all(part for part in statement.parts if part.kind == "meta"))
        self.containers.append(Container(statement.id, statement.kind, members, meta,
                                         file.at(statement.line)))
        self.named += [(f"{statement.kind} {statement.id}", member) for member in members]

    def _location(self, file: File, words: tuple[Word, ...], at: Place) -> None:
        if len(words) < 2:
            return
        resource, rest = words[1], words[2:]
        plain = not resource.text.startswith(("/", "{"))
        if plain:
            self.named.append((f"location {words[0].text}", _value(file, resource)))
        ruled = any(word.text in ("rule", "date") or word.text.startswith(("rule", "$id")) for word in rest)
        words_left = [word.text for word in rest if word.setting is None]
        score = next((word for word in words_left if _SCORE.fullmatch(word)), "")
        node = words_left[-1] if len(words_left) > 1 and not ruled else ""
        self.locations.append(Location(words[0].text, resource.text if plain else "", node, score.rstrip(":"),
                                       ruled, at))

    def _pairs(self, file: File, what: str, words: Iterable[Word]) -> Iterator[tuple[tuple[str, str], ...]]:
        """Each two neighbours, as (resource, what is behind its colon)."""
        steps: list[tuple[str, str]] = []
        for word in words:
            text = word.text.strip("()[]{}")
            if not text or word.text.startswith(_OPTIONS_OF_SETS) or word.setting is not None:
                continue
            name, _, behind = text.partition(":")
            self.named.append((what, Value(name, file.at(word.line, word.column))))
            steps.append((name, behind))
        yield from pairwise(steps)

    def _colocation(self, file: File, words: tuple[Word, ...], at: Place) -> None:
        score, rest = _scored(words[1:])
        for (resource, role), (other, other_role) in self._pairs(file, f"colocation {words[0].text}", rest):
            self.colocations.append(Colocation(words[0].text, score, resource, role, other, other_role, at))

    def _order(self, file: File, words: tuple[Word, ...], at: Place) -> None:
        kind, rest = _scored(words[1:])
        for (first, action), (then, then_action) in self._pairs(file, f"order {words[0].text}", rest):
            self.orders.append(Order(words[0].text, kind, first, action, then, then_action, at))

    def _levels(self, file: File, words: tuple[Word, ...]) -> None:
        """``fencing_topology [TARGET:] DEVICE[,DEVICE] DEVICE ...``, again for each target."""
        target = ""
        for word in words:
            if word.text.endswith(":"):
                target = word.text[:-1]
            elif word.setting is None:
                devices = tuple(Value(name, file.at(word.line, word.column))
                                for name in word.text.split(",") if name)
                self.levels.append(Level(target, devices, file.at(word.line)))
                self.named += [("fencing_topology", device) for device in devices]

    def _node(self, file: File, statement: Statement) -> None:
        name = re.sub(r"^[0-9]+:|:(?:normal|member|ping|remote)$", "", statement.id)
        self.nodes.append(name)
        attributes = _settings(file, (*statement.words[1:], *_all(statement.parts)))
        for key in ("standby", "maintenance"):
            if key in attributes and attributes[key].on:
                self.standby.append(Value(f"node {name} is in {key}", attributes[key].at))


def _primitive(file: File, statement: Statement) -> Primitive:
    agent = next((word.text for word in statement.words[1:] if word.setting is None), "")
    bare = tuple(word for word in statement.words[1:] if word.setting is not None)
    parameters = _settings(file, (*bare, *_all(part for part in statement.parts
                                               if part.kind in ("params", "instance_attributes"))))
    meta = _settings(file, _all(part for part in statement.parts if part.kind == "meta"))
    operations = tuple(_operation(file, part) for part in statement.parts if part.kind == "op" and part.words)
    return Primitive(statement.id, "" if agent.startswith("@") else _agent(agent), parameters, meta,
                     operations,
                     file.at(statement.line))


def _agent(text: str) -> str:
    """With its class and provider, which crmsh finds out where they are left out."""
    if text.count(":") == 0 and text:
        return f"ocf:heartbeat:{text}"
    return text


def _operation(file: File, part: Part) -> Operation:
    name = part.words[0]
    return Operation(name.text, _settings(file, part.words[1:]), file.at(name.line))


def _scored(words: tuple[Word, ...]) -> tuple[str, tuple[Word, ...]]:
    if words and _SCORE.fullmatch(words[0].text):
        return words[0].text.rstrip(":"), words[1:]
    return "", words


def _all(parts: Iterable[Part]) -> tuple[Word, ...]:
    return tuple(word for part in parts for word in part.words)


def _settings(file: File, words: Iterable[Word]) -> Values:
    found = {}
    for word in words:
        setting = word.setting
        if setting is not None:
            found[setting[0]] = Value(setting[1], file.at(word.line, word.column))
    return found


def _value(file: File, word: Word) -> Value:
    return Value(word.text, file.at(word.line, word.column))
