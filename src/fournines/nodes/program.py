"""A package of ours as one program, which ``python3`` on a node can be sent."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def program(package: str, start: str) -> bytes:
    """All modules of ``package``, and a start of the ``main`` of its module ``start``. What it imports
    besides has to be in the standard library of the node."""
    sources = {f"{package}.{file.name}".removesuffix(".py").removesuffix(".__init__"): file.read_text("utf-8")
               for file in resources.files(package).iterdir() if file.name.endswith(".py")}
    ahead = resources.files("fournines.nodes").joinpath("sent.py").read_text("utf-8")
    return f"{ahead}\n\nstart({sources!r}, {f'{package}.{start}'!r})\n".encode()
