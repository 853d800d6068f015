"""The operator's own values: read with their units, and refused with what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from fournines.cluster.notation import Wrong, parse_duration
from fournines.cluster.timers.definition import Definition, to_grain
from fournines.cluster.timers.timer import Unit, shown
from fournines.findings import Finding, Severity


def read_overrides(written: Mapping[str, str], known: Mapping[str, Definition],
                   ) -> tuple[dict[str, float], tuple[Finding, ...]]:
    """The usable ones by name, and a finding for each other."""
    values: dict[str, float] = {}
    findings: list[Finding] = []
    for name, text in written.items():
        try:
            values[name] = _value(name, text, known)
        except Wrong as wrong:
            findings.append(Finding(Severity.ERROR, f"{name} {wrong.what}", wrong.instead,
                                    where=f"overrides.{name}"))
    return values, tuple(findings)


def _value(name: str, text: str, known: Mapping[str, Definition]) -> float:
    if name not in known:
        close = get_close_matches(name, known, n=1, cutoff=0.5)
        raise Wrong("is not a timer", f"did you mean {close[0]}?" if close
                    else "fournines render --explain lists them all")
    definition = known[name]
    value = parse_duration(text) if definition.unit is Unit.SECONDS else _count(text)
    if value < definition.least - 1e-9:
        raise Wrong(f"is {text}", f"write at least {_written(definition.least, definition.unit)}")
    if abs(to_grain(value, definition.grain) - value) > 1e-6:
        near = _written(max(definition.least, to_grain(value, definition.grain)), definition.unit)
        whole = "whole seconds" if definition.grain == 1 else f"multiples of {shown(definition.grain)}"
        raise Wrong(f"is {text}, but is kept in {whole}", f"write {near}")
    return value


def _count(text: str) -> float:
    try:
        return int(text)
    except ValueError:
        raise Wrong(f'is "{text}", but is a count', "write a whole number without a unit") from None


def _written(value: float, unit: Unit) -> str:
    return f"{value:g}{unit.value}"
