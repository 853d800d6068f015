"""What pydantic objects to, in the words of the cluster file: where, what is wrong, what to write instead.

The names, examples and choices come from the JSON Schema, so that messages and editors say the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TypeAlias

from pydantic_core import ErrorDetails

from fournines.cluster.document import Data, Path, Problem
from fournines.cluster.notation import Wrong, shown

Described: TypeAlias = Mapping[str, object]
_KIND = re.compile(r"(literal|tuple)\[")   # how pydantic names the kinds of value that a setting may have

_WANTED = {
    "string_type": "write text",
    "bool_type": "write true or false",
    "int_type": "write a whole number",
    "int_from_float": "write a whole number",
    "float_type": "write a number",
}
_WANTED_LIST = {"list_type", "tuple_type", "set_type", "frozen_set_type"}
_WANTED_SETTINGS = {"dict_type", "model_type", "model_attributes_type", "dataclass_type", "mapping_type"}
_UNKNOWN_SETTING = {"extra_forbidden", "unexpected_keyword_argument"}
_MISSING_SETTING = {"missing", "missing_argument", "missing_keyword_only_argument"}
_LIMITS = {
    "greater_than_equal": ("ge", "write a number of at least {}"),
    "greater_than": ("gt", "write a number above {}"),
    "less_than_equal": ("le", "write a number of at most {}"),
    "less_than": ("lt", "write a number below {}"),
    "too_short": ("min_length", "write at least {}"),
    "too_long": ("max_length", "write at most {}"),
    "string_too_short": ("min_length", "write at least {} characters"),
    "string_too_long": ("max_length", "write at most {} characters"),
}


def problems_of(errors: Sequence[ErrorDetails], data: Data, schema: Described) -> list[Problem]:
    """The errors as problems at their paths. ``schema`` is the JSON Schema of the file.

    Where a setting may be a list or a word, pydantic tries both and says what is wrong with either. Told is
    only what is wrong with the one that was meant.
    """
    return [problem_of(error, data, schema) for error in errors
            if not any(_of_other_kind(error, part) for part in error["loc"])]


def _of_other_kind(error: ErrorDetails, part: int | str) -> bool:
    """``part`` of the error's place names a kind (``literal['lab']``) that the value is not of."""
    if not _KIND.match(str(part)):
        return False
    whole = error["loc"][-1] == part   # else it is about something inside, so that kind was meant
    return whole and isinstance(error["input"], str) != str(part).startswith("literal")


def problem_of(error: ErrorDetails, data: Data, schema: Described) -> Problem:
    """One error as a problem at its path."""
    path: Path = tuple(part for part in error["loc"] if not _KIND.match(str(part)))
    kind = error["type"]
    if path[-1:] == ("[key]",):
        path = path[:-1]
        wrong = _cause(error) or Wrong("is not a valid name", "write another one")
        return Problem(path, f"the name of {thing(path, data)} {wrong.what}", wrong.instead, at_key=True)
    if kind in _UNKNOWN_SETTING:
        known = settings_of(at_path(schema, path[:-1]))
        what = (f'there is no layer "{path[-1]}"' if path[:-1] == ("layers",)
                else f'{thing(path[:-1], data)} has no setting "{path[-1]}"')
        written = str(path[-1])
        return Problem(path, what, proposal(written, known), at_key=True, meant=closest(written, known) or "")
    if kind in _MISSING_SETTING:
        return Problem(path, f"{thing(path[:-1], data)} needs {path[-1]}", f"write {_written(path, schema)}")
    wrong = _cause(error) or _wrong(error, at_path(schema, path))
    return Problem(path, f"{thing(path, data)} {wrong.what}", wrong.instead)


def _cause(error: ErrorDetails) -> Wrong | None:
    """What our own notation, or a layer's ``__post_init__``, said."""
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, Wrong):
        return cause
    return Wrong(f"cannot be used: {cause}", "") if isinstance(cause, ValueError) else None


def _wrong(error: ErrorDetails, described: Described) -> Wrong:
    kind, value = error["type"], error["input"]
    what = f"is {shown(value)}"
    choices = choices_of(described)
    if kind == "literal_error" and not choices:
        return Wrong(what, f"write {error.get('ctx', {}).get('expected', '')}")
    if choices:
        return Wrong(what, proposal(value if isinstance(value, str) else "", choices))
    if kind == "string_type" and isinstance(value, int | float) and not isinstance(value, bool):
        return Wrong(f"is the number {value}", f'write it in quotes: "{value}"')
    if kind in _WANTED_SETTINGS:
        known = settings_of(described)
        return Wrong(what, f"write settings under it: {', '.join(known)}" if known else
                     "write NAME: VALUE under it")
    if kind in _WANTED_LIST:
        return Wrong(what, f"write a list, such as [{value}]" if isinstance(value, str) else
                     "write a list: each entry on a line of its own after a dash")
    if kind in _LIMITS:
        limit, instead = _LIMITS[kind]
        return Wrong(what if kind != "too_short" else "has too few entries",
                     instead.format(error.get("ctx", {}).get(limit, "")))
    fallback = described.get("description")
    return Wrong(what, _WANTED.get(kind) or f"write what it takes. {fallback or ''}".strip())


def thing(path: Path, data: Data) -> str:
    """What a path names, as a person says it: ``rack of node ctl2``, ``network management``."""
    match path:
        case ():
            return "the cluster file"
        case ("nodes", int() as index):
            return f"node {_node_name(data, index)}"
        case ("nodes", int() as index, "name"):
            return f"name of node number {index + 1}"
        case ("networks" | "layers" | "overrides" as section, name):
            return f"{section.removesuffix('s')} {name}"
        case ("vips", name):
            return f"VIP {name}"
        case (*around, int()):
            return f"an entry of {thing(tuple(around), data)}"
        case ("recovery", name) | (name,):
            return str(name)
        case (*around, name):
            return f"{name} of {thing(tuple(around), data)}"
    raise AssertionError(path)


def _node_name(data: Data, index: int) -> str:
    nodes = data.get("nodes") if isinstance(data, dict) else None
    node = nodes[index] if isinstance(nodes, list) and index < len(nodes) else None
    name = node.get("name") if isinstance(node, dict) else None
    return name if isinstance(name, str) and name else f"number {index + 1}"


def proposal(written: str, known: list[str]) -> str:
    """``did you mean …?``, or all there is to choose from."""
    close = closest(written, known)
    if close:
        return f"did you mean {close}?"
    return f"write {_one_of(known)}" if known else "remove it"


def closest(written: str, known: list[str]) -> str | None:
    """The one of ``known`` that was probably meant."""
    by_lower = {name.lower().replace("-", "_"): name for name in known}
    found = get_close_matches(written.lower().replace("-", "_"), by_lower, n=1, cutoff=0.65)
    return by_lower[found[0]] if found else None


def _one_of(known: list[str]) -> str:
    return known[0] if len(known) == 1 else f"one of: {', '.join(known)}"


def at_path(schema: Described, path: Path) -> Described:
    """The part of the JSON Schema that describes what stands at ``path``; empty where nothing does."""
    here = _resolved(schema, schema)
    for part in path:
        properties = here.get("properties")
        inner: object = None
        if isinstance(part, int):
            inner = here.get("items")
        elif isinstance(properties, Mapping) and part in properties:
            inner = properties[part]
        elif isinstance(here.get("patternProperties"), Mapping):
            inner = next(iter(here["patternProperties"].values()))  # type: ignore[attr-defined]
        else:
            inner = here.get("additionalProperties")
        here = _resolved(inner, schema)
    return here


def _resolved(described: object, schema: Described) -> Described:
    """With ``$ref`` followed, and of "this or null" only this; what is said beside a ``$ref`` stays."""
    if not isinstance(described, Mapping):
        return {}
    alternatives = described.get("anyOf")
    if isinstance(alternatives, list):
        kept = [one for one in alternatives if isinstance(one, Mapping) and one.get("type") != "null"]
        return {**described, **_resolved(kept[0] if kept else None, schema)}
    reference = described.get("$ref")
    definitions = schema.get("$defs")
    if isinstance(reference, str) and isinstance(definitions, Mapping):
        return {**definitions[reference.rpartition("/")[2]], **described}
    return described


def settings_of(described: Described) -> list[str]:
    """The names of the settings in a group."""
    properties = described.get("properties")
    return [str(name) for name in properties] if isinstance(properties, Mapping) else []


def choices_of(described: Described) -> list[str]:
    """The values to choose from, where they are few and fixed."""
    if "const" in described:
        return [str(described["const"])]
    choices = described.get("enum")
    return [str(choice) for choice in choices] if isinstance(choices, list) else []


def _written(path: Path, schema: Described) -> str:
    """A setting as it could be written: ``recover_within: 5s``."""
    described = at_path(schema, path)
    examples = described.get("examples")
    choices = choices_of(described)
    if isinstance(examples, list) and examples:
        return f"{path[-1]}: {_flow(examples[0])}"
    if choices:
        return f"{path[-1]}: {choices[0]}"
    if described.get("type") == "array":
        entries = choices_of(_resolved(described.get("items"), schema))
        return f"{path[-1]}: [{entries[0] if entries else '...'}]"
    inner = [name for name in settings_of(described) if name in _required(described)]
    if inner:
        return f"{path[-1]}: {{{', '.join(_written((*path, name), schema) for name in inner)}}}"
    return f"{path[-1]}: {'{}' if described.get('type') == 'object' else '...'}"


def _required(described: Described) -> list[object]:
    required = described.get("required")
    return required if isinstance(required, list) else []


def _flow(example: object) -> str:
    """An example in YAML's one-line form."""
    if isinstance(example, Mapping):
        return "{" + ", ".join(f"{name}: {_flow(value)}" for name, value in example.items()) + "}"
    if isinstance(example, list):
        return "[" + ", ".join(_flow(value) for value in example) + "]"
    return example if isinstance(example, str) else json.dumps(example)
