"""Renders a cluster file as the golden outputs hold it: a tree of files for each node, and a list of them."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from fournines.blueprint.files import NodeFile
from fournines.cluster import file, timers
from fournines.cluster.certificates import QuorumCertificates
from fournines.cluster.fernet import FernetKeys
from fournines.cluster.needs import SecretKind, SecretNeed
from fournines.engine.compile import Blueprint, compile, exchange
from fournines.layers import LAYERS, SPECS
from fournines.layers.resource_agents import META_DATA

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "src" / "fournines"
AGENTS = ROOT / "src" / "fournines" / "ocf"
LIST = "FILES"


def blueprint(example: Path) -> Blueprint:
    """The example compiled, with secrets that are made of their names."""
    cluster = file.load(example, SPECS)
    derived = timers.derive(cluster)
    secrets = {need.name: _secret(need) for need in exchange(cluster, derived, LAYERS).secrets}
    return compile(cluster, derived, secrets, LAYERS)


def rendered(example: Path) -> dict[str, str]:
    """Path below the example's golden folder -> text.

    Scripts and other files that are shipped as they are stay out, and so does what the agents say of
    themselves (tests/ocf judges that): the list says which they are.
    """
    whole = blueprint(example)
    shipped = (*sorted(SHIPPED.rglob("node/*")), *sorted(AGENTS.rglob("*.py")),
               *sorted(AGENTS.rglob("*.sh")))
    scripts = {path.read_bytes(): str(path.relative_to(ROOT)) for path in shipped if path.is_file()}
    texts: dict[str, str] = {}
    for node in whole.nodes:
        files = [each for each in whole.files[node] if not each.path.startswith(META_DATA)]
        texts[f"{node}/{LIST}"] = _list(whole, node, scripts)
        texts |= {node + each.path: each.content.decode() for each in files if each.content not in scripts}
    return texts


def _list(whole: Blueprint, node: str, scripts: Mapping[bytes, str]) -> str:
    places = [f"{each.mode:04o} {each.owner}:{each.group} {each.path}/" for each in whole.directories[node]]
    places += [_line(each, scripts) for each in whole.files[node]]
    return _lines("packages", sorted(whole.packages[node])) + _lines("files", sorted(places, key=_path))


def _line(each: NodeFile, scripts: Mapping[bytes, str]) -> str:
    source = f" = {scripts[each.content]}" if each.content in scripts else ""
    secret = " (secret)" if each.secret else ""
    return f"{each.mode:04o} {each.owner}:{each.group} {each.path}{source}{secret}"


def _path(line: str) -> str:
    return line.split()[2]


def _lines(title: str, lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in (f"{title}:", *(f"  {line}" for line in lines)))


def _secret(need: SecretNeed) -> str:
    if need.kind is SecretKind.FERNET_KEYS:
        digests = [hashlib.sha256(f"{need.name} {number}".encode()).digest() for number in range(2)]
        return FernetKeys(tuple(base64.urlsafe_b64encode(digest).decode() for digest in digests)).as_json()
    if need.kind is SecretKind.COROSYNC_KEY:
        return base64.b64encode(f"SECRET {need.name}".encode()).decode()
    if need.kind is SecretKind.QUORUM_CERTIFICATES:
        return QuorumCertificates("SECRET of the arbitrator\n", "SECRET of the members\n").as_json()
    return "SECRET" + re.sub(r"[^A-Za-z0-9]", "", need.name)
