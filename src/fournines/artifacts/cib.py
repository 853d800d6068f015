"""The CIB: Pacemaker's configuration as XML.

Ids of elements that people do not name are made from those of their owners, so that the same values give
the same text. What the values cannot hold (templates, bundles, most rules, resource sets, tags, alerts)
``parse`` names in ``others``. Sources: Pacemaker Explained 2.1, chapters 3 to 10; its schemas in
/usr/share/pacemaker.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lxml import etree

from fournines.artifacts.cib_reading import FORMAT
from fournines.artifacts.cib_reading import parse as parse
from fournines.artifacts.cib_reading import seconds_of as seconds_of
from fournines.artifacts.document import text_of
from fournines.artifacts.pacemaker import (
    Configuration,
    Operation,
    Preference,
    Primitive,
    Resources,
)
from fournines.errors import Unwritable

SCHEMA = "pacemaker-3.9"   # what ``cibadmin --empty`` of Pacemaker 2.1.5 begins with
_ID = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)


def emit(configuration: Configuration) -> str:
    """A whole ``<cib>`` without status; Unwritable where an id or a value cannot be carried."""
    cib = etree.Element("cib", {"validate-with": SCHEMA, "admin_epoch": "0", "epoch": "0",
                                "num_updates": "0"})
    root = etree.SubElement(cib, "configuration")
    _settings(etree.SubElement(root, "crm_config"), "cluster_property_set", "cib-bootstrap-options",
              {each.name: each.value for each in configuration.properties})
    etree.SubElement(root, "nodes")
    _resources(etree.SubElement(root, "resources"), configuration.resources)
    _constraints(etree.SubElement(root, "constraints"), configuration.resources)
    if configuration.levels:
        topology = etree.SubElement(root, "fencing-topology")
        for level in configuration.levels:
            etree.SubElement(topology, "fencing-level", {
                "id": _id(level.id), "target": level.target, "index": str(level.index),
                "devices": ",".join(level.devices)})
    for tag, set_id, defaults in (("rsc_defaults", "rsc-options", configuration.resource_defaults),
                                  ("op_defaults", "op-options", configuration.operation_defaults)):
        if defaults:
            _settings(etree.SubElement(root, tag), "meta_attributes", set_id,
                      {each.name: each.value for each in defaults})
    etree.SubElement(cib, "status")
    return etree.tostring(cib, pretty_print=True, encoding="unicode")


def _id(text: str) -> str:
    """``text`` where XML takes it for an id."""
    if not _ID.fullmatch(text):
        raise Unwritable(f"{FORMAT}: an id", f"{text!r} is no name of letters, digits, points and dashes",
                         hint="begin it with a letter")
    return text


def _settings(parent: etree._Element, tag: str, set_id: str, values: Mapping[str, str]) -> None:
    group = etree.SubElement(parent, tag, {"id": _id(set_id)})
    for name, value in values.items():
        try:
            etree.SubElement(group, "nvpair", {"id": _id(f"{set_id}-{name}"), "name": name, "value": value})
        except ValueError:
            raise Unwritable(f"{FORMAT}: {set_id}: {name}", "has a character that XML cannot carry",
                             hint="choose a value without control characters") from None


def _resources(parent: etree._Element, resources: Resources) -> None:
    """Primitives inside of the groups, and both inside of the clones that they belong to."""
    primitives = {each.id: each for each in resources.primitives}
    groups = {each.id: each for each in resources.groups}
    inside = {*(each.of for each in resources.clones),
              *(member for each in resources.groups for member in each.members)}

    def place(into: etree._Element, name: str, owner: str) -> None:
        if name in groups:
            group = groups[name]
            element = etree.SubElement(into, "group", {"id": _id(group.id)})
            for member in group.members:
                place(element, member, group.id)
            if group.meta:
                _settings(element, "meta_attributes", f"{group.id}-meta_attributes", group.meta)
        elif name in primitives:
            _primitive(into, primitives[name])
        else:
            raise Unwritable(f"{FORMAT}: {owner}", f"{name} is no resource",
                             hint="define it, or leave it out")

    for clone in resources.clones:
        element = etree.SubElement(parent, "clone", {"id": _id(clone.id)})
        place(element, clone.of, clone.id)
        meta = {**({"promotable": "true"} if clone.promotable else {}), **clone.meta}
        if meta:
            _settings(element, "meta_attributes", f"{clone.id}-meta_attributes", meta)
    for name in (*groups, *primitives):
        if name not in inside:
            place(parent, name, name)


def _primitive(parent: etree._Element, primitive: Primitive) -> None:
    agent = dict(zip(("class", "provider", "type"), _agent(primitive.agent), strict=True))
    element = etree.SubElement(parent, "primitive", {
        "id": _id(primitive.id), **{name: value for name, value in agent.items() if value}})
    if primitive.parameters:
        _settings(element, "instance_attributes", f"{primitive.id}-instance_attributes", primitive.parameters)
    if primitive.operations:
        operations = etree.SubElement(element, "operations")
        for each in primitive.operations:
            _operation(operations, primitive.id, each)
    if primitive.meta:
        _settings(element, "meta_attributes", f"{primitive.id}-meta_attributes", primitive.meta)


def _agent(text: str) -> tuple[str, str, str]:
    """Class, provider (of OCF agents only) and type."""
    kind, _, rest = text.partition(":")
    provider, _, agent = rest.rpartition(":") if kind == "ocf" else ("", "", rest)
    if not kind or not agent or (kind == "ocf") != bool(provider):
        raise Unwritable(f"{FORMAT}: an agent", f"{text!r} is not CLASS:PROVIDER:TYPE or CLASS:TYPE",
                         hint="write it like ocf:heartbeat:IPaddr2 or systemd:haproxy")
    return kind, provider, agent


def _operation(parent: etree._Element, owner: str, operation: Operation) -> None:
    interval = f"{text_of(float(operation.interval_s))}s"
    parts = [owner, operation.name, interval, *([operation.role] if operation.role else [])]
    optional = {"role": operation.role, "on-fail": operation.on_fail}
    element = etree.SubElement(parent, "op", {
        "id": _id("-".join(parts)), "name": operation.name, "interval": interval,
        "timeout": f"{text_of(float(operation.timeout_s))}s",
        **{name: value for name, value in optional.items() if value}})
    if operation.parameters:
        _settings(element, "instance_attributes", f"{'-'.join(parts)}-instance_attributes",
                  operation.parameters)


def _preference(parent: etree._Element, preference: Preference) -> None:
    element = etree.SubElement(parent, "rsc_location", {"id": _id(preference.id), "rsc": preference.resource})
    rule = etree.SubElement(element, "rule", {"id": f"{preference.id}-rule", "score": preference.score})
    etree.SubElement(rule, "expression", {
        "id": f"{preference.id}-expression", "attribute": preference.attribute, "operation": "gte",
        "value": str(preference.least), "type": "integer"})


def _constraints(parent: etree._Element, resources: Resources) -> None:
    def add(tag: str, name: str, values: Mapping[str, str]) -> None:
        etree.SubElement(parent, tag, {"id": _id(name),
                                       **{key: value for key, value in values.items() if value}})

    for location in resources.locations:
        add("rsc_location", location.id, {"rsc": location.resource, "role": location.role,
                                          "node": location.node, "score": location.score})
    for preference in resources.preferences:
        _preference(parent, preference)
    for each in resources.colocations:
        add("rsc_colocation", each.id, {
            "rsc": each.resource, "rsc-role": each.role, "with-rsc": each.with_resource,
            "with-rsc-role": each.with_role, "score": each.score})
    for order in resources.orders:
        add("rsc_order", order.id, {
            "first": order.first, "first-action": order.first_action, "then": order.then,
            "then-action": order.then_action, "kind": order.kind,
            "symmetrical": "" if order.symmetrical else "false"})
