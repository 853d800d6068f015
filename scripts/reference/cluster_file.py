"""cluster-file.md: the sections of a cluster file, from the JSON Schema that editors use."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from typing import TypeAlias, cast

import markdown
from markdown import block, code, table
from ruamel.yaml import YAML

from fournines.cluster import notation
from fournines.cluster.schema import schema
from fournines.layers import SPECS

Schema: TypeAlias = Mapping[str, object]
Path: TypeAlias = tuple[str, ...]

_IN_WORDS = {
    notation.LABEL_PATTERN: "name (lower-case letters, digits, hyphens)",
    notation.DURATION_PATTERN: "duration (`500ms`, `5s`, `1.5m`, `1h`)",
    notation.ADDRESS_PATTERN: "IPv4 address",
    notation.NETWORK_PATTERN: "IPv4 network",
    notation.DOMAIN_VALUE_PATTERN: "text",
    notation.HOST_PATTERN: "host name or address",
    notation.USER_PATTERN: "user name",
    notation.REASON_PATTERN: "text",
    notation.OVERRIDE_PATTERN: "duration, or a whole number for a count",
}


def page() -> str:
    """The whole file first, then each section below it, in the order of the schema."""
    whole = cast(Schema, schema(SPECS))
    return markdown.page(
        "Cluster file",
        f"{whole['description']} YAML 1.2, UTF-8. A setting that is not named here is an error: "
        "`fournines check FILE` names every mistake with its line. `fournines schema` prints all of this for "
        "editors. A whole file: [three-controllers.yaml](../../examples/three-controllers.yaml).",
        "## The file", *_section(whole, whole, ()), *_shown((), _example(whole, whole, ())),
        *_below(whole, whole, ()))


def _below(whole: Schema, section: Schema, path: Path) -> Iterator[str]:
    """The sections that the settings of ``section`` are made of, depth first."""
    for name, field in _fields(section).items():
        inner, here = _inner(whole, field, (*path, name))
        if inner is None:
            continue
        yield f"## {_heading(here)}"
        yield _about(inner)
        yield from _section(whole, inner, here)
        yield from _shown((*path, name), _first(field)) or _shown(here, _example(whole, inner, here))
        yield from _below(whole, inner, here)


def _inner(whole: Schema, field: Schema, path: Path) -> tuple[Schema | None, Path]:
    """The section that a setting holds, if it does; one of a list or of a group by name gets a step more."""
    field = _something(field)
    if "$ref" in field:
        return _named(whole, field), path
    if isinstance(items := field.get("items"), dict) and "$ref" in items:
        return _named(whole, items), (*path, "-")
    if isinstance(patterns := field.get("patternProperties"), dict):
        (value,) = patterns.values()
        if "$ref" in value:
            return _named(whole, value), (*path, "NAME")
    return None, path


def _section(whole: Schema, section: Schema, path: Path) -> Iterator[str]:
    """The table of its settings."""
    required = cast(list[str], section.get("required", []))
    rows = []
    for name, field in _fields(section).items():
        inner, here = _inner(whole, field, (*path, name))
        what = _kind(field) if inner is None else _link(_heading(here))
        about = _about(field) or _about(inner or {})
        rows.append((code(name), what, _default(field, name in required), about))
    if isinstance(others := section.get("additionalProperties"), dict):
        rows.append(("the name of a network", _kind(others), "", _about(others)))
    yield table(("setting", "what to write", "default", "about it"), rows)


def _kind(field: Schema) -> str:
    """In words what may be written."""
    field = _something(field)
    match field:
        case {"const": value}:
            return code(str(value))
        case {"enum": [*values]}:
            return " or ".join(code(str(value)) for value in values)
        case {"pattern": str(pattern)}:
            return _IN_WORDS[pattern]
        case {"type": "array", "items": dict(items)}:
            return f"list: {_kind(items)}"
        case {"patternProperties": {notation.LABEL_PATTERN: dict(value)}}:
            return f"name: {_kind(value)}"
        case {"patternProperties": {notation.RULE_PATTERN: dict(value)}}:
            return f"rule: {_kind(value)}"
        case {"additionalProperties": dict(value)}:
            return f"name: {_kind(value)}"
        case {"format": "ipv4"}:
            return "IPv4 address"
        case {"type": "boolean"}:
            return "`true` or `false`"
        case {"type": "integer", "minimum": least, "maximum": most}:
            return f"whole number, {least} to {most}"
        case {"type": str(kind)}:
            return {"integer": "whole number", "string": "text"}.get(kind, kind)
    raise ValueError(f"no words for {field}")


def _default(field: Schema, required: bool) -> str:
    if required:
        return "must be given"
    value = field.get("default")
    return "" if value in (None, {}, []) else code(json.dumps(value).strip('"'))


def _about(field: Schema) -> str:
    return str(field.get("description", ""))


def _example(whole: Schema, section: Schema, path: Path) -> dict[str, object]:
    """The examples of the settings; in a layer, whose settings have none, every default."""
    found: dict[str, object] = {}
    for name, field in _fields(section).items():
        if _inner(whole, field, path)[0] is None:
            default = field.get("default") if path[:1] == ("layers",) else None
            value = _first(field) or field.get("const") or default
            if value not in (None, {}, []):
                found[name] = value
    return found


def _first(field: Schema) -> object:
    """Its first example, if it has one."""
    examples = field.get("examples")
    return examples[0] if isinstance(examples, list) else None


def _shown(path: Path, example: object) -> tuple[str, ...]:
    """The example where it belongs in a file; nothing where there is none."""
    if not example:
        return ()
    layer = path[:1] == ("layers",) and len(path) > 1
    caption = "With every default written out:" if layer else "For example:"
    return caption, block(_yaml(_placed(path, example)), "yaml")


def _placed(path: Path, example: object) -> object:
    """The example where it belongs in a file."""
    for step in reversed(path):
        example = [example] if step == "-" else {step: example}
    return example


def _heading(path: Path) -> str:
    return ".".join(step for step in path if step != "-")


def _link(heading: str) -> str:
    return f"[{heading}](#{heading.replace('.', '').lower()})"


def _fields(section: Schema) -> Mapping[str, Schema]:
    return cast(Mapping[str, Schema], section.get("properties", {}))


def _something(field: Schema) -> Schema:
    """Without the choice of leaving it empty."""
    choices = field.get("anyOf")
    return cast(Schema, choices[0]) if isinstance(choices, list) else field


def _named(whole: Schema, reference: Schema) -> Schema:
    return cast(Mapping[str, Schema], whole["$defs"])[str(reference["$ref"]).rpartition("/")[2]]


def _yaml(data: object) -> str:
    writer = YAML()
    writer.indent(mapping=2, sequence=4, offset=2)
    text = io.StringIO()
    writer.dump(data, text)
    return text.getvalue()
