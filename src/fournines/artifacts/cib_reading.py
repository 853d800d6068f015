"""The reading half of the CIB: from elements to values, with the line of each."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from fournines.artifacts.document import Complain, refuse
from fournines.artifacts.pacemaker import (
    Clone,
    Colocation,
    Configuration,
    Group,
    Level,
    Location,
    Operation,
    Order,
    Other,
    Preference,
    Primitive,
    Property,
    Resources,
)
from fournines.errors import Unparsable

FORMAT = "CIB"
_OLD_ROLES = {"Master": "Promoted", "Slave": "Unpromoted"}


def parse(text: str, complain: Complain = refuse) -> Configuration:
    """The configuration in ``text``, a ``<cib>`` or a ``<configuration>``. Unparsable where it is not XML or
    something else; with a ``complain`` that returns, what can be read of it."""
    # Neither entities nor the network: what is audited may have been written by anybody.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as problem:
        complain(Unparsable(FORMAT, problem.lineno or 1, "this is not XML"))
        return Configuration()
    found = root if root.tag == "configuration" else root.find("configuration")
    if found is None:
        complain(Unparsable(FORMAT, line_of(root), "there is no <configuration>"))
        return Configuration()
    return _Reading(complain).configuration(found)


def line_of(element: etree._Element) -> int:
    """Where it begins; 0 where that is not known."""
    line: object = element.sourceline
    return line if isinstance(line, int) else 0


def _children(parent: etree._Element | None, tag: str = "*") -> Iterator[etree._Element]:
    if parent is not None:
        yield from parent.iterchildren(tag)


def _tag(element: etree._Element) -> str:
    return str(element.tag)


class _Reading:
    """One walk over the tree; what the values cannot hold is gathered on the way."""

    def __init__(self, complain: Complain) -> None:
        self.complain = complain
        self.primitives: list[Primitive] = []
        self.groups: list[Group] = []
        self.clones: list[Clone] = []
        self.others: list[Other] = []

    def configuration(self, root: etree._Element) -> Configuration:
        for each in _children(root.find("resources")):
            self.resource(each)
        constraints = [self.constraint(each) for each in _children(root.find("constraints"))]
        resources = Resources(
            tuple(self.primitives), tuple(self.groups), tuple(self.clones),
            locations=tuple(each for each in constraints if isinstance(each, Location)),
            colocations=tuple(each for each in constraints if isinstance(each, Colocation)),
            orders=tuple(each for each in constraints if isinstance(each, Order)),
            preferences=tuple(each for each in constraints if isinstance(each, Preference)))
        known = {"crm_config", "nodes", "resources", "constraints", "fencing-topology", "rsc_defaults",
                 "op_defaults"}
        for section in _children(root):
            if section.tag not in known:
                for each in _children(section):
                    self.other(each)
        return Configuration(
            self.properties(root.find("crm_config"), "cluster_property_set"), resources,
            tuple(self.levels(root.find("fencing-topology"))),
            self.properties(root.find("rsc_defaults"), "meta_attributes"),
            self.properties(root.find("op_defaults"), "meta_attributes"),
            tuple(self.need(each, "uname") for each in _children(root.find("nodes"), "node")),
            tuple(self.others))

    def need(self, element: etree._Element, name: str) -> str:
        """The attribute, or empty after a complaint."""
        value = element.get(name)
        if value is None:
            self.complain(Unparsable(FORMAT, line_of(element), f"<{_tag(element)}> has no {name}"))
        return value or ""

    def other(self, element: etree._Element) -> None:
        self.others.append(Other(_tag(element), element.get("id") or "", line_of(element)))

    def resource(self, element: etree._Element) -> str:
        """Reads it, and gives its id; empty where the values cannot hold it."""
        name = self.need(element, "id")
        if element.tag == "primitive" and element.get("template") is None:
            self.primitives.append(self.primitive(element))
        elif element.tag == "group":
            members = tuple(filter(None, [self.resource(each) for each in _children(element, "primitive")]))
            self.groups.append(Group(name, members, self.values(element, "meta_attributes"),
                                     line_of(element)))
        elif element.tag in ("clone", "master"):
            self.clone(element)
        else:
            self.other(element)
            return ""
        return name

    def clone(self, element: etree._Element) -> None:
        of = [each for tag in ("group", "primitive") for each in _children(element, tag)]
        name = self.need(element, "id")
        if len(of) != 1:
            self.complain(Unparsable(FORMAT, line_of(element), f"clone {name} is not of one resource"))
            return
        meta = dict(self.values(element, "meta_attributes"))
        promotable = element.tag == "master" or _truth(meta.pop("promotable", "false"))
        self.clones.append(Clone(name, self.resource(of[0]), promotable, meta, line_of(element)))

    def primitive(self, element: etree._Element) -> Primitive:
        agent = ":".join(filter(None, (self.need(element, "class"), element.get("provider"),
                                       self.need(element, "type"))))
        operations = tuple(self.operation(each) for each in _children(element.find("operations"), "op"))
        return Primitive(self.need(element, "id"), agent, self.values(element, "instance_attributes"),
                         operations, self.values(element, "meta_attributes"), line_of(element))

    def operation(self, element: etree._Element) -> Operation:
        return Operation(self.need(element, "name"), self.seconds(element, "interval"),
                         self.seconds(element, "timeout"), _role(element.get("role")),
                         element.get("on-fail") or "", self.values(element, "instance_attributes"),
                         line_of(element))

    def seconds(self, element: etree._Element, name: str) -> float:
        """A duration as Pacemaker writes it; 0 where there is none."""
        text = element.get(name) or "0"
        value = seconds_of(text)
        if value is None:
            self.complain(Unparsable(FORMAT, line_of(element), f"{name} is no duration"))
        return value or 0.0

    def values(self, parent: etree._Element, tag: str) -> dict[str, str]:
        return {each.name: each.value for each in self.properties(parent, tag)}

    def properties(self, parent: etree._Element | None, tag: str) -> tuple[Property, ...]:
        """Those of all sets without a rule; a set with one is among the others."""
        found = []
        for group in _children(parent, tag):
            if group.find("rule") is not None:
                self.other(group)
                continue
            found += [Property(self.need(each, "name"), each.get("value") or "", line_of(each))
                      for each in _children(group, "nvpair")]
        return tuple(found)

    def levels(self, parent: etree._Element | None) -> Iterator[Level]:
        for each in _children(parent, "fencing-level"):
            index = each.get("index") or ""
            if each.get("target") is None or not re.fullmatch(r"[0-9]{1,3}", index):
                self.other(each)   # by a pattern or an attribute of nodes
                continue
            devices = tuple(filter(None, self.need(each, "devices").split(",")))
            yield Level(self.need(each, "id"), self.need(each, "target"), int(index), devices, line_of(each))

    def constraint(self, element: etree._Element) -> Location | Preference | Colocation | Order | None:
        name, line = self.need(element, "id"), line_of(element)
        plain = next(_children(element), None) is None
        if plain and element.tag == "rsc_location" and element.get("rsc") and element.get("node"):
            return Location(name, self.need(element, "rsc"), self.need(element, "node"),
                            self.need(element, "score"), _role(element.get("role")), line)
        if plain and element.tag == "rsc_colocation":
            return Colocation(name, self.need(element, "rsc"), self.need(element, "with-rsc"),
                              element.get("score") or "INFINITY", _role(element.get("rsc-role")),
                              _role(element.get("with-rsc-role")), line)
        if plain and element.tag == "rsc_order":
            return Order(name, self.need(element, "first"), self.need(element, "then"),
                         element.get("first-action") or "", element.get("then-action") or "",
                         element.get("kind") or "Mandatory", _truth(element.get("symmetrical") or "true"),
                         line)
        preference = self.preference(element)
        if preference is None:
            self.other(element)
        return preference

    def preference(self, element: etree._Element) -> Preference | None:
        """A location by one rule about one whole number; None where it is anything else."""
        rules = list(_children(element))
        tests = [test for rule in rules for test in _children(rule)]
        if element.tag != "rsc_location" or not element.get("rsc") or element.get("role") \
                or [_tag(each) for each in (*rules, *tests)] != ["rule", "expression"]:
            return None
        (rule,), (test,) = rules, tests
        asked = (test.get("operation"), test.get("type"), rule.get("role"), rule.get("score") is None)
        value = test.get("value") or ""
        if asked != ("gte", "integer", None, False) or not re.fullmatch("[0-9]{1,9}", value):
            return None
        return Preference(self.need(element, "id"), self.need(element, "rsc"), self.need(test, "attribute"),
                          int(value), self.need(rule, "score"), line_of(element))


def _role(text: str | None) -> str:
    """With the names that Pacemaker 2.1 has for what were Master and Slave."""
    return _OLD_ROLES.get(text or "", text or "")


def _truth(text: str) -> bool:
    return text.lower() in ("true", "on", "yes", "y", "1")


_UNITS_S = {"": 1.0, "s": 1.0, "sec": 1.0, "ms": 0.001, "msec": 0.001, "us": 1e-6, "usec": 1e-6,
            "m": 60.0, "min": 60.0, "h": 3600.0, "hr": 3600.0}


def seconds_of(text: str) -> float | None:
    """A duration as Pacemaker writes it (``30``, ``30s``, ``2min``, ``500ms``); None where it is none."""
    match = re.fullmatch(r"\s*([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([a-zA-Z]*)\s*", text)
    if match is None or match[2].lower() not in _UNITS_S:
        return None
    return round(float(match[1]) * _UNITS_S[match[2].lower()], 6)
