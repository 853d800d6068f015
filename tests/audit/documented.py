"""Examples of configuration out of the documentation that Debian ships, made whole for the tools."""

from __future__ import annotations

import gzip
import html
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from lxml import etree

_BLOCK = re.compile(r"^\.nf\n(.*?)^\.fi$", re.MULTILINE | re.DOTALL)
_XML = re.compile(r'<div class="highlight-XML[^"]*".*?<pre>(.*?)</pre>', re.DOTALL | re.IGNORECASE)
_SECTIONS = {"primitive": "resources", "clone": "resources", "group": "resources", "bundle": "resources",
             "template": "resources", "rsc_location": "constraints", "rsc_order": "constraints",
             "rsc_colocation": "constraints", "rsc_ticket": "constraints"}
_PARTS = ("crm_config", "nodes", "resources", "constraints", "fencing-topology", "rsc_defaults",
          "op_defaults", "tags", "acls", "alerts")
_REFERENCES = ("rsc", "with-rsc", "first", "then", "template")
_UNFENCED = ('<cluster_property_set id="unfenced"><nvpair id="no-fencing" name="stonith-enabled" '
             'value="false"/></cluster_property_set>')
_BESIDE = (("totem {", "totem {\n version: 2\n cluster_name: a\n transport: knet\n}\n"),
           ("nodelist {", "nodelist {\n node {\n  nodeid: 1\n  ring0_addr: 127.0.0.1\n }\n}\n"))
_HOST = re.compile(r"ring\d_addr:\s*[a-z]", re.IGNORECASE)


def corosync_examples() -> Iterator[str]:
    """Those of corosync.conf(5) and votequorum(5), with the sections that a file must have beside them; not
    those with names of hosts, which Corosync would look up."""
    for path in (Path(f"/usr/share/man/man5/{page}.5.gz") for page in ("corosync.conf", "votequorum")):
        text = gzip.decompress(path.read_bytes()).decode() if path.is_file() else ""
        for block in _BLOCK.findall(text):
            lines = [line.replace("\\-", "-").replace("\\", "") for line in block.split("\n")
                     if not line.startswith(".")]
            example = "\n".join(lines)
            if re.search(r"^\s*[a-z]+ \{", example, re.MULTILINE) and not _HOST.search(example):
                beside = ("" if title in example else section for title, section in _BESIDE)
                yield "".join((*beside, example))


def cib_examples() -> Iterator[str]:
    """Those of the books about Pacemaker, each in a CIB with the resources that it names, without fencing."""
    for path in sorted(Path("/usr/share/doc/pacemaker").glob("*/singlehtml/index.html")):
        for block in _XML.findall(path.read_text(encoding="utf-8")):
            whole = _cib(html.unescape(re.sub(r"<[^>]+>", "", block)))
            if whole:
                yield whole


def _cib(example: str) -> str:
    """Empty for what stands in no configuration by itself: a rule, an attribute, a state."""
    text = re.sub(r"<\?xml[^>]*\?>", "", example).strip()
    if text.startswith("<cib"):
        return text
    try:
        inner = etree.fromstring(f"<configuration>{text}</configuration>")
    except etree.XMLSyntaxError:
        return ""
    if inner[0].tag == "configuration":
        inner = inner[0]
    parts = {name: etree.Element(name) for name in _PARTS[:4]}
    for element in inner.iterchildren("*"):
        tag = str(element.tag)
        if tag in _SECTIONS:
            parts[_SECTIONS[tag]].append(element)
        elif tag in _PARTS:
            parts[tag] = element
        else:
            return ""
    if "stonith-enabled" not in text:
        parts["crm_config"].append(etree.fromstring(_UNFENCED))
    for name in sorted(_missing(parts.values())):
        etree.SubElement(parts["resources"], "primitive", {
            "id": name, "class": "ocf", "provider": "pacemaker", "type": "Dummy"})
    cib = etree.fromstring('<cib validate-with="pacemaker-3.9" admin_epoch="0" epoch="0" num_updates="0">'
                           "<configuration/><status/></cib>")
    cib[0].extend(parts[name] for name in _PARTS if name in parts)
    return etree.tostring(cib, encoding="unicode")


def _missing(parts: Iterable[etree._Element]) -> set[str]:
    """Ids of resources that are named and are not there."""
    elements = [each for part in parts for each in part.iter("*")]
    named = {each.get(name) for each in elements for name in _REFERENCES if each.tag != "lifetime"}
    named |= {each.get("id") for each in elements if each.tag in ("resource_ref", "obj_ref")}
    return {name for name in named if name} - {each.get("id") for each in elements
                                              if each.tag not in ("resource_ref", "obj_ref")}
