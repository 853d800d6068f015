"""Order out of needs: levels, ancestors and ends of a graph of names. Pure; knows nothing of the domain."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping


class Cycle(ValueError):
    """Some names need each other in a circle; ``path`` walks it once."""

    def __init__(self, path: tuple[str, ...]) -> None:
        super().__init__(f"a circle of needs: {' -> '.join(path)}")
        self.path = path


def levels(needs: Mapping[str, Collection[str]]) -> tuple[tuple[str, ...], ...]:
    """Names in waves: each is one wave after the latest of those it needs. Names of a wave keep the order of
    ``needs``, so equal graphs give equal answers. Raises ``Cycle``, or KeyError for a need that is no key."""
    level: dict[str, int] = {}
    waiting = dict(needs)
    depth = 0
    while waiting:
        ready = [name for name, wanted in waiting.items() if all(need in level for need in wanted)]
        if not ready:
            raise Cycle(_circle(waiting))
        level.update(dict.fromkeys(ready, depth))
        for name in ready:
            del waiting[name]
        depth += 1
    return tuple(tuple(name for name in needs if level[name] == wave) for wave in range(depth))


def ancestors(needs: Mapping[str, Collection[str]], name: str) -> frozenset[str]:
    """Everything that must have gone before ``name``, directly or not."""
    found: set[str] = set()
    queue = list(needs[name])
    while queue:
        need = queue.pop()
        if need not in found:
            found.add(need)
            queue.extend(needs[need])
    return frozenset(found)


def ends(needs: Mapping[str, Collection[str]], among: Iterable[str]) -> tuple[str, ...]:
    """Those of ``among`` that no other of them needs: when these have gone, all have."""
    names = tuple(among)
    needed = {need for name in names for need in needs[name]}
    return tuple(name for name in names if name not in needed)


def starts(needs: Mapping[str, Collection[str]], among: Iterable[str]) -> tuple[str, ...]:
    """Those of ``among`` that need no other of them: what must wait for them to wait for all."""
    names = tuple(among)
    return tuple(name for name in names if not set(needs[name]) & set(names))


def _circle(needs: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """One circle among names of which each needs another of them."""
    name = next((name for name, wanted in needs.items() if any(need in needs for need in wanted)), None)
    if name is None:
        missing = sorted({need for wanted in needs.values() for need in wanted} - set(needs))
        raise KeyError(f"needed but not there: {', '.join(missing)}")
    walked: list[str] = []
    while name not in walked:
        walked.append(name)
        name = next(need for need in needs[name] if need in needs)
    return (*walked[walked.index(name):], name)
