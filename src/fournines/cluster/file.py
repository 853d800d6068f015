"""The cluster file: read, judged as a whole, and turned into frozen values; or refused with all its problems.

The only place where a cluster file is opened. ``document.py`` knows where things stand in it, pydantic what
is wrong with single values, ``rules.py`` what is wrong between them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path as FilePath
from typing import cast

from pydantic import ValidationError

from fournines.cluster.document import MOST_BYTES, Data, Document, Problem, read_document
from fournines.cluster.draft import Draft, draft_of
from fournines.cluster.notation import Wrong, one_line, parse_override
from fournines.cluster.rules import broken_rules
from fournines.cluster.schema import (
    USUAL_DOMAINS,
    ClusterFile,
    NodeSection,
    ReachSection,
    file_model,
    layers_model,
    schema,
)
from fournines.cluster.timers.derive import BY_NAME, derive
from fournines.cluster.timers.overrides import read_overrides
from fournines.cluster.topology import Cluster, DrillRules, Network, Node, Reach, Recovery, Vip
from fournines.cluster.wording import problems_of
from fournines.errors import ClusterFileError
from fournines.findings import Finding, Place, Severity, worst_first


def load(path: FilePath, specs: Mapping[str, type]) -> Cluster:
    """The cluster that the file describes. ``specs``: layer name to the frozen dataclass of its settings.

    Raises ``ClusterFileError`` with every problem found, in the order of the file. What the timers can keep
    is judged once everything else is right.
    """
    document = read_document(_content(path))
    if document.problems and document.data is None:
        raise _refusal(path, document, document.problems)
    data = _with_settings(document.data)
    model, wrong_values = _validated(data, specs)
    draft = draft_of(data, _sound_layers(data, specs, wrong_values))
    problems = [*document.problems,
                *_without_echoes(document, [*wrong_values, *draft.problems, *broken_rules(draft),
                                            *_wrong_overrides(data)])]
    if problems or model is None:
        raise _refusal(path, document, problems)
    cluster = _cluster(model, draft)
    try:
        derive(cluster)
    except ClusterFileError as impossible:
        raise _refusal(path, document, map(_timer_problem, impossible.findings)) from None
    return cluster


def _content(path: FilePath) -> bytes:
    """The bytes of the file, or a few more than there may be."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        what, instead = "there is no such file", "give the path of a cluster file"
    except IsADirectoryError:
        what, instead = "this is a directory", "give the path of a cluster file in it"
    except (OSError, ValueError) as error:   # ValueError: a path that no file can have
        what = f"the file cannot be read ({getattr(error, 'strerror', None) or error})"
        instead = "make it readable to you"
    raise ClusterFileError([Finding(Severity.ERROR, what, instead, where=Place(str(path)))])


def _with_settings(data: Data) -> Data:
    """With ``{}`` for a layer that is named with nothing after its colon: its defaults."""
    if not isinstance(data, dict) or not isinstance(data.get("layers"), dict):
        return data
    named = cast("dict[str, Data]", data["layers"])
    return {**data, "layers": {name: {} if value is None else value for name, value in named.items()}}


def _validated(data: Data, specs: Mapping[str, type]) -> tuple[ClusterFile | None, list[Problem]]:
    """Judged as JSON and strictly: YAML gives JSON's types, and none is to be guessed from another."""
    try:
        return file_model(specs).model_validate_json(json.dumps(data), strict=True), []
    except ValidationError as error:
        described = schema(specs)
        return None, problems_of(error.errors(), data, described)


def _sound_layers(data: Data, specs: Mapping[str, type],
                  wrong: Iterable[Problem]) -> dict[str, object | None]:
    """The layers that the file names and we know: their settings, None where those are wrong."""
    named = data.get("layers") if isinstance(data, dict) else None
    if not isinstance(named, dict):
        return {}
    broken = {problem.path[1] for problem in wrong if problem.path[:1] == ("layers",) and problem.path[1:]}
    sound = {name: value for name, value in named.items() if name in specs and name not in broken}
    settings = layers_model(specs).model_validate_json(json.dumps(sound), strict=True) if sound else None
    return {name: getattr(settings, name) if name in sound else None for name in named if name in specs}


def _wrong_overrides(data: Data) -> list[Problem]:
    """Overrides of timers that do not exist, or that their component does not take."""
    section = data.get("overrides") if isinstance(data, dict) else None
    written = {}
    for name, value in section.items() if isinstance(section, dict) else ():
        with suppress(Wrong):   # reported as a wrong value
            written[name] = parse_override(value)
    return [_timer_problem(finding) for finding in read_overrides(written, BY_NAME)[1]]


def _timer_problem(finding: Finding) -> Problem:
    """Timers know the setting (``overrides.tcp.retries2``), the document knows its line."""
    return Problem(tuple(str(finding.where).split(".", 1)), finding.summary, finding.remedy)


def _without_echoes(document: Document, problems: Iterable[Problem]) -> list[Problem]:
    """Without what only follows from another problem: a setting is missing because its name is misspelt, a
    value is empty because its notation could not be read."""
    problems = list(problems)
    unread = {problem.path for problem in document.problems if problem.path}
    meant = {(*problem.path[:-1], problem.meant) for problem in problems if problem.meant}
    return [problem for problem in problems if problem.path not in unread and problem.path not in meant]


def _refusal(path: FilePath, document: Document, problems: Iterable[Problem]) -> ClusterFileError:
    findings = [Finding(Severity.ERROR, one_line(problem.what), one_line(problem.instead),
                        where=Place(str(path), *document.position(problem))) for problem in problems]
    return ClusterFileError(worst_first(dict.fromkeys(findings)))


def _cluster(model: ClusterFile, draft: Draft) -> Cluster:
    networks = {name: Network(name, section.cidr, section.switch or "", section.gateway)
                for name, section in model.networks.items()}
    vips = {name: Vip(name, address, next(each.name for each in networks.values() if address in each.cidr))
            for name, address in (model.vips or {}).items()}
    return Cluster(
        name=model.cluster, release=model.release, distro=model.distro,
        recovery=Recovery(model.recovery.recover_within, model.recovery.lose_acknowledged_writes),
        networks=networks, vips=vips,
        nodes=tuple(_node(section, drafted.addresses)
                    for section, drafted in zip(model.nodes, draft.nodes, strict=True)),
        layers=draft.layers, overrides=model.overrides or {},
        drills=DrillRules(model.drills.allow) if model.drills is not None else DrillRules(),
        accepted=model.audit.accept if model.audit is not None else {})


def _node(section: NodeSection, addresses: Mapping[str, IPv4Address]) -> Node:
    usual = {kind: getattr(section, kind) for kind in USUAL_DOMAINS}
    domains = {kind: value for kind, value in usual.items() if value is not None} | section.domains
    return Node(section.name, addresses, domains, section.arbitrator, _reach(section.reach or ReachSection()))


def _reach(section: ReachSection) -> Reach:
    return Reach(section.host or "", section.user or "", section.port or 0)
