#!/usr/bin/python3
"""Compares Pacemaker's configuration with the wanted one, previews the change, and makes it in one piece.

Usage: cib_load.py compare|load early|load whole, with {"early": XML, "whole": XML} on standard input; or
cib_load.py release, which only takes out what counts on a watchdog.

Ours are the cluster's properties, defaults, resources, constraints and fencing levels. Left alone are what
Pacemaker writes itself, nodes with their attributes (a standby), and the constraints by which DRBD keeps a
peer with old data from being promoted. The change is a patch that applies only to the version that was read.
"""

import copy
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

OWN_PROPERTIES = {"have-watchdog", "dc-version", "cluster-infrastructure", "cluster-name", "last-lrm-refresh",
                  "maintenance-mode"}
SETS = ("meta_attributes", "instance_attributes", "utilization")
FOREIGN_CONSTRAINTS = ("drbd-fence-by-handler-",)
SECTIONS = ("crm_config", "resources", "constraints", "fencing-topology", "rsc_defaults", "op_defaults")
CHANGED_MEANWHILE = ("Update was older", "Application of an update diff failed")   # as cibadmin says it
ATTEMPTS, PAUSE_S = 20, 0.5


def main() -> int:
    if sys.argv[1:] == ["release"]:
        return release()
    wanted = {name: read(text) for name, text in json.load(sys.stdin).items()}
    if sys.argv[1:] == ["compare"]:
        print(json.dumps(compare(wanted)))
        return 0
    return load(wanted, sys.argv[2])


def compare(wanted: dict[str, Element]) -> dict[str, object]:
    """What differs from each of the wanted ones, and what Pacemaker would do about the whole."""
    now = query()
    found = {name: differences(now, want) for name, want in wanted.items()}
    actions = preview(merged(now, wanted["whole"])) if found["whole"] else []
    return {"early": found["early"], "whole": found["whole"], "preview": actions}


def load(wanted: dict[str, Element], which: str) -> int:
    """Bring the wanted configuration in force; nothing where it is. Where anything that only the whole has is
    there already, ``early`` is the whole: services that run are not taken away to be brought back."""
    late = set(resources_of(wanted["whole"])) - set(resources_of(wanted["early"]))

    def changed(now: Element) -> Element | None:
        want = wanted["whole" if which == "whole" or late & set(resources_of(now)) else "early"]
        return merged(now, want) if differences(now, want) else None

    return bring(changed)


def release() -> int:
    """Before sbd goes: no lost member may be taken for reset by a watchdog that it no longer has. A Pacemaker
    that does not run counts on nothing, and would not go on without sbd if the others still did."""
    if subprocess.run(["systemctl", "is-active", "--quiet", "pacemaker.service"]).returncode:
        return 0
    return bring(without_watchdog)


def bring(changed: Callable[[Element], Element | None]) -> int:
    """In force what this makes of what is; None where that is right."""
    for _attempt in range(ATTEMPTS):
        now = query()
        want = changed(now)
        if want is None:
            return 0
        if now.get("have-quorum") != "1" or not now.get("dc-uuid"):
            print("this node is in no quorate cluster with an elected controller", file=sys.stderr)
            return 1
        problem = replace(now, want)
        if not problem:
            return 0
        if not any(words in problem for words in CHANGED_MEANWHILE):
            print(problem, file=sys.stderr)
            return 1
        time.sleep(PAUSE_S)   # somebody else has changed it meanwhile: look again
    print(f"the configuration was changed by others {ATTEMPTS} times meanwhile", file=sys.stderr)
    return 1


def read(text: str) -> Element:
    """Of root's own tools and of whoever sent this script: nobody's to distrust."""
    return ElementTree.fromstring(text)  # noqa: S314


def query() -> Element:
    answer = subprocess.run(["cibadmin", "--query"], capture_output=True, text=True)
    if answer.returncode:
        sys.exit(f"cibadmin --query: {answer.stderr.strip()}")
    return read(answer.stdout)


def replace(now: Element, want: Element) -> str:
    """Check and apply; empty, or what went wrong."""
    problem = objection(want)
    if problem:
        return problem
    with tempfile.TemporaryDirectory() as folder:
        old, new = Path(folder, "old.xml"), Path(folder, "new.xml")
        old.write_text(ElementTree.tostring(now, encoding="unicode"))
        new.write_text(ElementTree.tostring(want, encoding="unicode"))
        patch = subprocess.run(["crm_diff", "--original", old, "--new", new], capture_output=True, text=True)
        if patch.returncode not in (0, 1):
            return f"crm_diff: {patch.stderr.strip()}"
        applied = subprocess.run(["cibadmin", "--patch", "--xml-pipe", "--sync-call"], input=patch.stdout,
                                 capture_output=True, text=True)
        return applied.stderr.strip() or "cibadmin --patch failed" if applied.returncode else ""


def objection(want: Element) -> str:
    """What Pacemaker has against the configuration, whatever runs now: that something still runs which it no
    longer has would be a warning, and nothing could ever be taken out."""
    judged = copy.deepcopy(want)
    for name in ("configuration/nodes", "status"):
        for part in judged.findall(name):
            part.clear()
    said = asked("crm_verify", judged, "-V")
    return f"Pacemaker refuses it: {said.stderr.strip()}" if said.returncode else ""


def preview(want: Element) -> list[str]:
    """What Pacemaker would start, stop, move or promote."""
    said = asked("crm_simulate", want, "--run", "--output-as=xml")
    if said.returncode:
        return [f"crm_simulate: {said.stderr.strip()}"]
    return [describe(each) for each in read(said.stdout).iter("rsc_action")
            if each.get("action", "").lower() not in ("none", "leave", "")]


def asked(tool: str, cib: Element, *options: str) -> subprocess.CompletedProcess[str]:
    """What one of Pacemaker's tools says of a configuration that is not in force."""
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
        file.write(ElementTree.tostring(cib, encoding="unicode"))
        file.flush()
        return subprocess.run([tool, "--xml-file", file.name, *options], capture_output=True, text=True)


def describe(action: Element) -> str:
    where = action.get("node") or ""
    if action.get("source") or action.get("dest"):
        where = f"{action.get('source', where)} -> {action.get('dest', where)}"
    return f"{action.get('action', '').lower()} {action.get('resource')} {where}".rstrip()


def section(cib: Element, name: str) -> Element:
    found = cib.find(f"configuration/{name}")
    return Element(name) if found is None else found


def resources_of(cib: Element) -> list[str]:
    return [each.get("id", "") for each in section(cib, "resources").iter("primitive")]


def differences(now: Element, want: Element) -> list[str]:
    """In words: what is missing, what is too many, what is otherwise."""
    have, wish = canonical(now), canonical(want)
    changes = [f"{name} is new" for name in wish if name not in have]
    changes += [f"{name} is left over" for name in have if name not in wish]
    changes += [f"{name} differs" for name in wish if name in have and have[name] != wish[name]]
    return changes


def canonical(cib: Element) -> dict[str, object]:
    """Every part that is ours, by name, in a form that does not depend on order or on ids that only XML
    needs."""
    parts: dict[str, object] = {}
    for name in ("crm_config", "rsc_defaults", "op_defaults"):
        for pair in section(cib, name).iter("nvpair"):
            if pair.get("name") not in OWN_PROPERTIES:
                parts[f"{name} {pair.get('name')}"] = pair.get("value")
    for name in ("resources", "constraints", "fencing-topology"):
        for each in section(cib, name):
            if not foreign(each):
                parts[each.get("id", "")] = reduced(each)
    return parts


def foreign(element: Element) -> bool:
    return element.get("id", "").startswith(FOREIGN_CONSTRAINTS)


def reduced(element: Element) -> list[object]:
    """Ids of sets, pairs and operations say nothing, and neither do sets without a pair, which crm_resource
    leaves behind; the order of a group's members does."""
    named = element.tag in ("primitive", "group", "clone", "bundle")
    attributes = sorted((name, value) for name, value in element.items() if named or name != "id")
    children = [reduced(each) for each in element if len(each) or each.tag not in SETS]
    return [element.tag, attributes, children if element.tag == "group" else sorted(children, key=str)]


def without_watchdog(now: Element) -> Element | None:
    result = following(now)
    found = [(parent, each) for parent in result.iter() for each in parent
             if each.get("name") == "stonith-watchdog-timeout" or each.get("devices") == "watchdog"
             or (each.tag, each.get("id")) == ("primitive", "watchdog")]
    for parent, each in found:
        parent.remove(each)
    return result if found else None


def following(now: Element) -> Element:
    """The next version of what is in force, or the patch would be none."""
    result = copy.deepcopy(now)
    result.set("epoch", str(int(now.get("epoch", "0")) + 1))
    result.set("num_updates", "0")
    return result


def merged(now: Element, want: Element) -> Element:
    """What is in force, with our sections replaced."""
    result = following(now)
    configuration = result.find("configuration")
    assert configuration is not None
    kept = [pair for pair in section(now, "crm_config").iter("nvpair") if pair.get("name") in OWN_PROPERTIES]
    strangers = [each for each in section(now, "constraints") if foreign(each)]
    for name in SECTIONS:
        new = copy.deepcopy(section(want, name))
        if name == "crm_config" and len(new):
            new[0].extend(copy.deepcopy(kept))
        if name == "constraints":
            new.extend(copy.deepcopy(strangers))
        old = configuration.find(name)
        if old is not None:
            place = list(configuration).index(old)
            configuration.remove(old)
            configuration.insert(place, new)
        elif len(new):
            configuration.append(new)
    return result


if __name__ == "__main__":
    sys.exit(main())
