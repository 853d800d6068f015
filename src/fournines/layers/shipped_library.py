"""What node scripts of several layers import, as files on a node: a package of the same name as here, at a
place that those scripts look at last. Every layer that has such a script ships what it imports."""

from __future__ import annotations

from importlib.resources import files as package_files

from fournines.blueprint.files import NodeFile

PLACE = "/usr/lib/fournines/python"


def library(*modules: str) -> tuple[NodeFile, ...]:
    """Modules of ``fournines.layers.node``, such as ``disk_content``."""
    # Fournines itself is not on the node; these are only the way to the modules.
    packages = ("fournines", "fournines/layers", "fournines/layers/node")
    source = package_files("fournines.layers.node")
    return (*(NodeFile(f"{PLACE}/{package}/__init__.py", b"") for package in packages),
            *(NodeFile(f"{PLACE}/{packages[-1]}/{name}.py", source.joinpath(f"{name}.py").read_bytes())
              for name in modules))
