"""RabbitMQ: rabbitmq.conf (``a.b.c = value``) and broker definitions (JSON); advanced.config: ``erlang.py``.

Sources: rabbitmq.com/configure, /definitions and /passwords; the grammar is cuttlefish's conf_parse.peg.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from fournines.artifacts.document import (
    Complain,
    Scalar,
    notice,
    numbered,
    refuse,
    text_of,
    unpadded,
    writable,
)
from fournines.artifacts.document import Entry as Entry
from fournines.errors import Unparsable, Unwritable

FORMAT = "rabbitmq.conf"


@dataclass(frozen=True, slots=True)
class Document:
    """A rabbitmq.conf, in order; a key is words joined by dots."""

    entries: tuple[Entry, ...] = ()


def document(settings: Mapping[str, Scalar]) -> Document:
    """A rabbitmq.conf of these settings."""
    return Document(tuple(Entry(key, text_of(value)) for key, value in settings.items()))


_KEY = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")


def emit(configuration: Document) -> str:
    """The file's text; Unwritable where cuttlefish could not read a key or a value back."""
    lines = [notice()]
    for entry in configuration.entries:
        if not _KEY.fullmatch(entry.key):
            raise Unwritable(FORMAT, "a key is words of ASCII letters, digits, _ and - joined by dots")
        where = f"{FORMAT} {entry.key}"
        value = unpadded(writable(entry.value, where, refuse="#"), where)
        if not value:
            raise Unwritable(where, "is empty, and the format has no empty values")
        if not value.isascii():
            raise Unwritable(where, "is not ASCII, which RabbitMQ reads as another text or not at all")
        if "$(" in value:
            raise Unwritable(where, "holds $(, which begins a reference to another setting")
        if value[0] == "'":
            raise Unwritable(where, "begins with an apostrophe, which newer RabbitMQ takes for a quote")
        lines.append(f"{entry.key} = {value}\n")
    return "".join(lines)


def parse(text: str, complain: Complain = refuse) -> Document:
    """The settings that ``text`` holds; Unparsable where a line is none."""
    entries: list[Entry] = []
    for number, line in numbered(text):
        content = line.partition("#")[0].strip()
        if not content:
            continue
        key, separator, value = (part.strip() for part in content.partition("="))
        if not separator or not value or not _KEY.fullmatch(key):
            complain(Unparsable(FORMAT, number, "a setting is written: name.of.setting = value"))
            continue
        entries.append(Entry(key, value, number))
    return Document(tuple(entries))


# ---------------------------------------------------------------------------------------------- definitions

DEFINITIONS = "RabbitMQ definitions"
HASHING = "rabbit_password_hashing_sha256"
SALT_BYTES = 4


def password_hash(password: str, salt: bytes) -> str:
    """What RabbitMQ stores for a password: base64 of the 4 salt bytes and SHA-256 of both."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"RabbitMQ's salt is {SALT_BYTES} bytes, not {len(salt)}")
    try:
        digest = hashlib.sha256(salt + password.encode()).digest()
    except UnicodeError:
        raise Unwritable(DEFINITIONS, "a password holds a lone surrogate, which is no character") from None
    return base64.b64encode(salt + digest).decode("ascii")


@dataclass(frozen=True, slots=True)
class User:
    """An account; ``password_hash`` comes from the function of that name."""

    name: str
    password_hash: str = field(repr=False)
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Permission:
    """What a user may configure, write and read in a virtual host: regular expressions, ``.*`` for all."""

    user: str
    vhost: str = "/"
    configure: str = ".*"
    write: str = ".*"
    read: str = ".*"


@dataclass(frozen=True, slots=True)
class Policy:
    """Settings for the queues or exchanges whose names match ``pattern``."""

    name: str
    pattern: str
    definition: Mapping[str, str | int | bool]
    vhost: str = "/"
    apply_to: str = "queues"
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Definitions:
    """What the broker holds beside messages; imported at boot (``load_definitions``) or by rabbitmqctl.

    ``default_queue_type`` is what a queue becomes in any of the virtual hosts when its client names no type
    and the type fits it (a transient or exclusive one stays classic); empty leaves that to the broker.
    """

    users: tuple[User, ...] = ()
    vhosts: tuple[str, ...] = ("/",)
    permissions: tuple[Permission, ...] = ()
    policies: tuple[Policy, ...] = ()
    default_queue_type: str = ""


def emit_definitions(definitions: Definitions) -> str:
    """As JSON, which has no comments, hence no notice."""
    if definitions.default_queue_type and not definitions.vhosts:
        raise Unwritable(DEFINITIONS, "a default queue type is a virtual host's, and there is none")
    content = {
        "users": [{**asdict(user), "hashing_algorithm": HASHING, "limits": {}} for user in definitions.users],
        "vhosts": [_vhost(name, definitions.default_queue_type) for name in definitions.vhosts],
        "permissions": [asdict(permission) for permission in definitions.permissions],
        "policies": [_policy(policy) for policy in definitions.policies],
    }
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def _vhost(name: str, default_queue_type: str) -> dict[str, object]:
    metadata = {"default_queue_type": default_queue_type, "description": "", "tags": []}
    return {"name": name, "metadata": metadata} if default_queue_type else {"name": name}


def _policy(policy: Policy) -> dict[str, object]:
    fields = asdict(policy)
    fields["apply-to"] = fields.pop("apply_to")
    return fields


def parse_definitions(text: str) -> Definitions:
    """The definitions that ``text`` holds, also as ``rabbitmqctl export_definitions`` writes them; what the
    broker has of other kinds is left out. Unparsable where ``text`` is no JSON or of another shape."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise Unparsable(DEFINITIONS, error.lineno, error.msg) from None
    except (RecursionError, ValueError):
        raise Unparsable(DEFINITIONS, 1, "nesting too deep or a number too long") from None
    root = _Fields(content, "the file")
    vhosts = root.objects("vhosts")
    return Definitions(
        tuple(User(user.text("name"), user.text("password_hash"), user.texts("tags"))
              for user in root.objects("users")),
        tuple(vhost.text("name") for vhost in vhosts),
        tuple(Permission(*(grant.text(name) for name in ("user", "vhost", "configure", "write", "read")))
              for grant in root.objects("permissions")),
        tuple(Policy(policy.text("name"), policy.text("pattern"), policy.settings("definition"),
                     policy.text("vhost"), policy.text("apply-to"), policy.number("priority"))
              for policy in root.objects("policies")),
        _default_queue_type(vhosts),
    )


def _default_queue_type(vhosts: list[_Fields]) -> str:
    types = {vhost.inner("metadata").text("default_queue_type", "") for vhost in vhosts}
    if len(types) > 1:
        raise Unparsable(DEFINITIONS, 1, "virtual hosts that differ in their default queue type")
    return types.pop() if types else ""


class _Fields:
    """A JSON object whose fields are taken out with their types. Without line numbers: errors name line 1."""

    def __init__(self, value: object, name: str) -> None:
        if not isinstance(value, dict):
            raise Unparsable(DEFINITIONS, 1, f"{name} is not a JSON object")
        self._value: dict[str, object] = value
        self._name = name

    def _refusal(self, key: str, wanted: str) -> Unparsable:
        return Unparsable(DEFINITIONS, 1, f"{key} in {self._name} is not {wanted}")

    def text(self, key: str, default: str | None = None) -> str:
        value = self._value.get(key, default)
        if not isinstance(value, str):
            raise self._refusal(key, "a string")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, or one string with commas as brokers before 3.9 wrote it."""
        value = self._value.get(key)
        if isinstance(value, str):
            return tuple(part for part in value.split(",") if part)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._refusal(key, "a list of strings")
        return tuple(value)

    def number(self, key: str) -> int:
        value = self._value.get(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._refusal(key, "a whole number")
        return value

    def settings(self, key: str) -> dict[str, str | int | bool]:
        value = self._value.get(key)
        if not isinstance(value, dict) or not all(isinstance(item, str | int) for item in value.values()):
            raise self._refusal(key, "an object of strings, numbers and booleans")
        return value

    def inner(self, key: str) -> _Fields:
        return _Fields(self._value.get(key, {}), f"{key} in {self._name}")

    def objects(self, key: str) -> list[_Fields]:
        value = self._value.get(key, [])
        if not isinstance(value, list):
            raise self._refusal(key, "a list")
        return [_Fields(item, f"{key}[{index}]") for index, item in enumerate(value)]
