"""Runs on a node ahead of the package that was sent with it: finds its modules there, and starts it.

``program.py`` puts a call of ``start`` behind this text. Standard library only, Python 3.9 or newer.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec

TYPE_CHECKING = False   # importing typing would take longer than most requests
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType


class Sent:
    """Finds what was sent, and nothing else: a MetaPathFinder and Loader, see importlib.abc. ``sources`` is
    the source of each module by its name; packages around them are empty."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.sources = sources

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        package = any(other.startswith(f"{name}.") for other in self.sources)
        if name not in self.sources and not package:
            return None
        return ModuleSpec(name, self, is_package=package)   # type: ignore[arg-type]   # by its methods

    def create_module(self, spec: ModuleSpec) -> None:
        """An ordinary one."""

    def exec_module(self, module: ModuleType) -> None:
        source = self.sources.get(module.__name__, "")
        exec(compile(source, f"<{module.__name__}, sent by fournines>", "exec"), vars(module))  # noqa: S102


def start(sources: Mapping[str, str], module: str) -> None:
    """Calls the ``main`` of ``module``."""
    sys.meta_path.insert(0, Sent(sources))
    import_module(module).main()
