"""What ``crm_mon --one-shot --output-as=xml`` prints: the state of a cluster of Pacemaker. Read only.

Source: Pacemaker's own schemas of its output, /usr/share/pacemaker/api, versions 2.0 to 2.25.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from fournines.artifacts.cib_reading import line_of
from fournines.artifacts.document import Complain, refuse
from fournines.errors import Unparsable

FORMAT = "crm_mon's XML"


@dataclass(frozen=True, slots=True)
class Member:
    """A node; ``states`` are those of its marks that are true: online, unclean, standby, maintenance, ..."""

    name: str
    states: frozenset[str] = frozenset()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Resource:
    """One instance of a resource; ``states``: active, orphaned, blocked, managed, failed; ``target_role`` is
    empty where it has none."""

    id: str
    role: str = ""
    target_role: str = ""
    nodes: tuple[str, ...] = ()
    states: frozenset[str] = frozenset()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Failures:
    """How often a resource has failed on a node; ``count`` as it is written, INFINITY for too often."""

    resource: str
    node: str
    count: str
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Fenced:
    """``status`` is success, failed or pending."""

    target: str
    action: str
    status: str
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Document:
    """``coordinator`` is empty where there is none; ``history``: whether fencing was asked about."""

    coordinator: str = ""
    quorum: bool = False
    members: tuple[Member, ...] = ()
    resources: tuple[Resource, ...] = ()
    failures: tuple[Failures, ...] = ()
    fenced: tuple[Fenced, ...] = ()
    history: bool = False


def parse(text: str, complain: Complain = refuse) -> Document | None:
    """The state that ``text`` tells; None, with what was wrong to ``complain``, where it is none."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(text.encode(errors="replace"), parser)
    except (etree.XMLSyntaxError, ValueError) as problem:
        complain(Unparsable(FORMAT, getattr(problem, "lineno", 0) or 0, str(problem).partition(", line")[0]))
        return None
    if root.find("summary") is None:
        complain(Unparsable(FORMAT, 1, "it has no summary"))
        return None
    dc = root.find("summary/current_dc")
    told = {} if dc is None else dc.attrib
    return Document(
        str(told.get("name", "")) if told.get("present") == "true" else "",
        told.get("with_quorum") == "true",
        tuple(Member(each.get("name", ""), _true(each), line_of(each))
              for each in root.iterfind("nodes/node")),
        tuple(Resource(each.get("id", ""), each.get("role", ""), each.get("target_role", ""),
                       tuple(node.get("name", "") for node in each.iterfind("node")), _true(each),
                       line_of(each)) for each in root.iterfind("resources//resource")),
        tuple(_failures(root)),
        tuple(Fenced(each.get("target", ""), each.get("action", ""), each.get("status", ""),
                     line_of(each)) for each in root.iterfind("fence_history/fence_event")),
        root.find("fence_history") is not None)


def _true(element: etree._Element) -> frozenset[str]:
    return frozenset(str(name) for name, value in element.attrib.items() if value == "true")


def _failures(root: etree._Element) -> Iterator[Failures]:
    for node in root.iterfind("node_history/node"):
        for each in node.iterfind("resource_history"):
            count = each.get("fail-count", "0")
            if count not in ("", "0"):
                yield Failures(each.get("id", ""), node.get("name", ""), count, line_of(each))
