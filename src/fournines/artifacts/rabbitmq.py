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

from fournines.artifacts.document import Scalar, notice, numbered, text_of, unpadded, writable
from fournines.errors import Unparsable, Unwritable

FORMAT = "rabbitmq.conf"


@dataclass(frozen=True, slots=True)
class Entry:
    """``key = value``; the key is words joined by dots."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Document:
    """A rabbitmq.conf, in order."""

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
            raise Unwritable(where, "begins with an apostrophe, which newer releases of RabbitMQ take for a quote")
        lines.append(f"{entry.key} = {value}\n")
    return "".join(lines)


def parse(text: str) -> Document:
    """The settings that ``text`` holds; Unparsable where a line is none."""
    entries: list[Entry] = []
    for number, line in numbered(text):
        content = line.partition("#")[0].strip()
        if not content:
            continue
        key, separator, value = (part.strip() for part in content.partition("="))
        if not separator or not value or not _KEY.fullmatch(key):
            raise Unparsable(FORMAT, number, "a setting is written: name.of.setting = value")
        entries.append(Entry(key, value))
    return Document(tuple(entries))


# ---------------------------------------------------------------------------------------------- definitions

HASHING = "rabbit_password_hashing_sha256"
SALT_BYTES = 4


def password_hash(password: str, salt: bytes) -> str:
    """What RabbitMQ stores for a password: base64 of the 4 salt bytes and SHA-256 of salt and password."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"RabbitMQ's salt is {SALT_BYTES} bytes, not {len(salt)}")
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode("ascii")


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

    ``default_queue_type`` is what a queue becomes in any of the virtual hosts when its client names no type and
    the type fits it (a transient or exclusive one stays classic); empty leaves that to the broker.
    """

    users: tuple[User, ...] = ()
    vhosts: tuple[str, ...] = ("/",)
    permissions: tuple[Permission, ...] = ()
    policies: tuple[Policy, ...] = ()
    default_queue_type: str = ""


def emit_definitions(definitions: Definitions) -> str:
    """As JSON, which has no comments, hence no notice."""
    content = {
        "users": [{**asdict(user), "tags": list(user.tags), "hashing_algorithm": HASHING, "limits": {}}
                  for user in definitions.users],
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
