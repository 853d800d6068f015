"""The ``ocf:openstack`` resource agents as files on a node. Every layer that uses one ships those it uses."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from importlib.resources import files as package_files

from fournines.blueprint.files import NodeFile
from fournines.ocf.agent import Agent, meta_data

AGENTS = "/usr/lib/ocf/resource.d/openstack"
_OURS = "/usr/lib/ocf/lib/openstack"
LIBRARY, META_DATA = f"{_OURS}/fournines", f"{_OURS}/meta-data"
_PACKAGE = package_files("fournines") / "ocf"


def shipped(names: Iterable[str]) -> tuple[NodeFile, ...]:
    """The agents of these names, such as ``glance-api``, what they say of themselves, and the package that
    they are made of."""
    agents = {name: name.replace("-", "_") for name in names}   # and its module
    shared = sorted(entry.name for entry in _PACKAGE.iterdir() if entry.name.endswith(".py"))
    launcher = (_PACKAGE / "launcher.sh").read_bytes()
    return (
        # Fournines itself is not on the node; this is only the way to its agents.
        NodeFile(f"{LIBRARY}/__init__.py", b""),
        *(NodeFile(f"{LIBRARY}/ocf/{name}", (_PACKAGE / name).read_bytes())
          for name in (*shared, "agents/__init__.py",
                       *(f"agents/{module}.py" for module in agents.values()))),
        *(NodeFile(f"{META_DATA}/{name}.xml", _description(module)) for name, module in agents.items()),
        *(NodeFile(f"{AGENTS}/{name}", launcher, 0o755) for name in agents))


def _description(module: str) -> bytes:
    agent: Agent = import_module(f"fournines.ocf.agents.{module}").AGENT
    return (meta_data(agent) + "\n").encode()
