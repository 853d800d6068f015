"""From the bytes of a YAML file to plain data in which every key and value remembers its line and column.

Everything that YAML itself can get wrong is a ``Problem`` here; what the data means is decided elsewhere.
YAML 1.2 without merges: what an editor's schema cannot see, people do not see either.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, StringMark
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from fournines.cluster.notation import shown

Data: TypeAlias = "dict[str, Data] | list[Data] | str | int | float | bool | None"
Path: TypeAlias = tuple[str | int, ...]
Position: TypeAlias = tuple[int, int]

MOST_BYTES = 256 * 1024
_MOST_VALUES = 20_000
_MOST_DEPTH = 20
_TAG = "tag:yaml.org,2002:"
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_TEXT_TAGS = frozenset({f"{_TAG}str", f"{_TAG}timestamp", f"{_TAG}value", f"{_TAG}binary"})


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at ``path`` (keys and list indices from the top) or at a fixed ``position``.

    ``what`` is wrong, what to write ``instead``. ``at_key`` points at the key rather than at its value;
    ``meant`` is the known name that an unknown one probably stands for.
    """

    path: Path
    what: str
    instead: str
    at_key: bool = False
    meant: str = ""
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """The data, the problems of its notation, and the 1-based positions of values and keys by path."""

    data: Data
    problems: tuple[Problem, ...] = ()
    values: Mapping[Path, Position] = field(default_factory=dict)
    keys: Mapping[Path, Position] = field(default_factory=dict)

    def position(self, problem: Problem) -> Position:
        """Where the problem is; what is not in the file is at the nearest thing around it that is."""
        if problem.position is not None:
            return problem.position
        if problem.at_key and problem.path in self.keys:
            return self.keys[problem.path]
        for length in range(len(problem.path), -1, -1):
            if problem.path[:length] in self.values:
                return self.values[problem.path[:length]]
        return (1, 1)


def read_document(content: bytes) -> Document:
    """The document in ``content``. Never raises; where there is no data at all, ``problems`` says why."""
    if len(content) > MOST_BYTES:
        return _unreadable("the file is too large for a cluster file", "keep it under 256 KiB")
    text = _text(content)
    if isinstance(text, Problem):
        return Document(None, (text,))
    root = _composed(text)
    if isinstance(root, Problem):
        return Document(None, (root,))
    if root is None:
        return _unreadable("the file is empty", "write a cluster file, or begin with a copy of an example")
    return _Reading().document(root)


def _unreadable(what: str, instead: str) -> Document:
    return Document(None, (Problem((), what, instead),))


def _text(content: bytes) -> str | Problem:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Problem((), "the file is saved as UTF-16", "save it as UTF-8")
    if b"\0" in content:
        return Problem((), "this is a binary file", "give the path of a YAML text file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[:error.start]
        position = (before.count(b"\n") + 1, len(before) - (before.rfind(b"\n") + 1) + 1)
        return Problem((), "this is not UTF-8 text", "save the file as UTF-8", position=position)


class _TooDeep(Exception):
    def __init__(self, position: Position) -> None:
        super().__init__(position)
        self.position = position


class _ShallowComposer(Composer):
    """Stops where no cluster file is as deep, long before Python's own limit does."""

    _depth = 0

    def compose_node(self, parent: Node | None, index: object) -> Node | None:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise _TooDeep(_mark_position(self.parser.peek_event().start_mark))
        try:
            node: Node | None = super().compose_node(parent, index)
            return node
        finally:
            self._depth -= 1


def _composed(text: str) -> Node | Problem | None:
    """YAML's own tree of nodes with marks; None where there is no document."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Composer = _ShallowComposer
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")   # about anchors and numbers that we judge ourselves
            node: Node | None = yaml.compose(text)
            return node
    except MarkedYAMLError as error:
        return _yaml_problem(error)
    except ReaderError as error:
        before = text[:error.position]
        position = (before.count("\n") + 1, len(before) - before.rfind("\n"))
        return Problem((), "there is a control character", "remove it", position=position)
    except _TooDeep as error:
        return Problem((), "the file is nested too deeply", "look for brackets that are not closed",
                       position=error.position)
    except Exception as error:   # on odd input the scanner lets KeyError, ValueError and more out
        return Problem((), f"this is not YAML ({type(error).__name__} while reading it)",
                       "compare it with an example")


def _yaml_problem(error: MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    position = _mark_position(mark) if mark else (1, 1)
    said = " ".join(part for part in (error.problem, error.context) if part)
    wording = {
        r"'\\t'|tab": ("there is a tab", "indent with spaces"),
        r"single document": ("a second document begins", "keep one cluster in a file: remove the --- line"),
        r"mapping values are not allowed": ("there is a colon where no setting can be",
                                            "check the indentation, and put text with a colon in quotes"),
        r"character '[@`%]'": ("the text begins with a character that YAML reserves", "put it in quotes"),
        r"undefined alias": ("the alias has no anchor", "define it with & before, or write the value out"),
        r"expected ',' or '[]}]'|flow": ("a bracket is not closed, or a comma is missing",
                                         "close it, and put a comma between the settings in it"),
        r"quoted scalar": ("a quote is not closed, or has an escape that YAML does not know",
                           "close it with the quote it began with; use single quotes around backslashes"),
        r"could not find expected ':'": ("a setting has no colon", "write NAME: VALUE"),
        r"block collection|block mapping|block end|indent": ("the indentation does not fit the lines above",
                                                "begin the settings of one group in the same column"),
    }
    for pattern, (what, instead) in wording.items():
        if re.search(pattern, said):
            return Problem((), what, instead, position=position)
    return Problem((), f"this is not YAML ({said or 'it cannot be read'})",
                   "check quotes, brackets and indentation here and just before", position=position)


class _Reading:
    """One walk over the node tree; aliases are followed, with a bound on what they may add up to."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.values: dict[Path, Position] = {}
        self.keys: dict[Path, Position] = {}
        self.full = False

    def document(self, root: Node) -> Document:
        data = self._data(root, ())
        if self.full:
            return Document(None, tuple(self.problems[-1:]))
        return Document(data, tuple(self.problems), self.values, self.keys)

    def _wrong(self, node: Node, what: str, instead: str, path: Path = ()) -> None:
        self.problems.append(Problem(path, what, instead, position=_start(node)))

    def _data(self, node: Node, path: Path) -> Data:
        self.values[path] = _start(node)
        if self.full:
            return None
        if len(path) > _MOST_DEPTH or len(self.values) > _MOST_VALUES:
            self._wrong(node, "the file repeats itself or nests without end",
                        "write the values out instead of aliases of aliases")
            self.full = True
            return None
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self._data(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: Path) -> Data:
        found: dict[str, Data] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._wrong(key_node, "a list or a group of settings cannot be a name", "write NAME: VALUE")
                continue
            key = key_node.value
            if key_node.tag == f"{_TAG}merge":
                self._wrong(key_node, 'merging with "<<" is not supported', "write the settings out here")
            elif key in found:
                line = self.keys[(*path, key)][0]
                self._wrong(key_node, f"{shown(key)} is written twice, first on line {line}", "keep one")
            else:
                self.keys[(*path, key)] = _start(key_node)
                found[key] = self._data(value_node, (*path, key))
        return found

    def _scalar(self, node: Node, path: Path) -> Data:
        text: str = node.value
        tag = str(node.tag)
        if _UNPRINTABLE.search(text):
            self._wrong(node, "the text contains a control character", "write it without", path)
            return None
        if tag in _TEXT_TAGS:
            return text
        if tag == f"{_TAG}null":
            return None
        if tag == f"{_TAG}bool":
            return text.lower() == "true"
        if tag in (f"{_TAG}int", f"{_TAG}float"):
            return _number(text)
        self._wrong(node, f"the tag {tag.replace(_TAG, '!!')} is not used in cluster files", "remove it",
                    path)
        return None


def _number(text: str) -> Data:
    """Decimal numbers as such; what else YAML takes for a number (0x10, .inf) stays as it was written."""
    if re.fullmatch(r"[-+]?[0-9]{1,15}", text):
        return int(text)
    if re.fullmatch(r"[-+]?[0-9]{1,15}\.[0-9]{1,15}", text):
        return float(text)
    return text


def _start(node: Node) -> Position:
    return _mark_position(node.start_mark)


def _mark_position(mark: StringMark) -> Position:
    return (mark.line + 1, mark.column + 1)
