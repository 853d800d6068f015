"""The end state of a blueprint as an Ansible playbook: packages, directories, files and running services.

What Fournines also looks at (cluster state, accounts, invariants) is left out, in Ansible's favour.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from fournines.blueprint.files import NodeDirectory, NodeFile
from fournines.engine import wanted
from fournines.engine.compile import Blueprint

Task = dict[str, object]


def write_playbook(blueprint: Blueprint, where: Path, ssh_config: Path) -> list[str]:
    """Write inventory, playbook, configuration and the files to copy below ``where``; the command to run."""
    where.mkdir(parents=True, exist_ok=True)
    for node, files in blueprint.files.items():
        for item in files:
            target = where / "files" / node / item.path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch(mode=0o600)
            target.write_bytes(item.content)
    (where / "inventory").write_text("".join(f"{node}\n" for node in blueprint.nodes))
    (where / "ansible.cfg").write_text(
        f"[defaults]\ninventory = {where / 'inventory'}\nforks = {len(blueprint.nodes)}\n"
        "gathering = explicit\ninterpreter_python = /usr/bin/python3\n"
        f"[ssh_connection]\npipelining = True\nssh_args = -F {ssh_config} "
        "-o ControlMaster=auto -o ControlPersist=60s\n")
    # JSON is YAML: the playbook needs no other writer.
    (where / "site.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False,
                                                 "tasks": _tasks(blueprint)}], indent=1))
    return ["ansible-playbook", "--check", str(where / "site.yml")]


def _tasks(blueprint: Blueprint) -> list[Task]:
    units = {node: probe_request.units for probe in blueprint.probes if probe.name == wanted.UNITS
             for node, probe_request in probe.requests.items()}  # type: ignore[attr-defined]
    return [
        *_per_group(blueprint.packages, _packages),
        *(_directory(item, nodes) for item, nodes in _with_nodes(blueprint.directories).items()),
        *(_file(item, nodes) for item, nodes in _with_nodes(_without_content(blueprint.files)).items()),
        *(_on(nodes, {"ansible.builtin.systemd_service": {"name": unit, "state": "started", "enabled": True}})
          for unit, nodes in _with_nodes(units).items()),
    ]


def _per_group(by_node: Mapping[str, tuple[str, ...]], task: object) -> list[Task]:
    groups: dict[tuple[str, ...], list[str]] = {}
    for node, names in by_node.items():
        groups.setdefault(names, []).append(node)
    return [_on(nodes, task(names)) for names, nodes in groups.items() if names]  # type: ignore[operator]


def _with_nodes(by_node: Mapping[str, tuple[object, ...]]) -> dict[object, list[str]]:
    nodes: dict[object, list[str]] = {}
    for node, items in by_node.items():
        for item in items:
            nodes.setdefault(item, []).append(node)
    return nodes


def _without_content(files: Mapping[str, tuple[NodeFile, ...]]) -> dict[str, tuple[object, ...]]:
    """One task a path, as a person would write it, whether the nodes' contents differ or not."""
    return {node: tuple((item.path, item.mode, item.owner, item.group) for item in items)
            for node, items in files.items()}


def _packages(names: tuple[str, ...]) -> Task:
    """One command instead of the apt module, which needs python3-apt on every node and takes longer."""
    return {"ansible.builtin.command": {"argv": ["dpkg-query", "--show", *names]}, "check_mode": False,
            "changed_when": False}


def _file(item: object, nodes: list[str]) -> Task:
    path, mode, owner, group = item  # type: ignore[misc]
    return _on(nodes, {"ansible.builtin.copy": {
        "src": "files/{{ inventory_hostname }}" + path, "dest": path, "mode": f"{mode:04o}", "owner": owner,
        "group": group}, "no_log": True})


def _directory(item: object, nodes: list[str]) -> Task:
    assert isinstance(item, NodeDirectory)
    return _on(nodes, {"ansible.builtin.file": {
        "path": item.path, "state": "directory", "mode": f"{item.mode:04o}", "owner": item.owner,
        "group": item.group}})


def _on(nodes: list[str], task: Task) -> Task:
    return {**task, "when": f"inventory_hostname in {json.dumps(sorted(nodes))}"}
