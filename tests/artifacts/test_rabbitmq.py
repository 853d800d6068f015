"""rabbitmq.conf and broker definitions."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.artifacts import rabbitmq
from fournines.artifacts.rabbitmq import Definitions, Document, Entry, Permission, Policy, User
from fournines.errors import Unwritable

from .texts import (
    anything,
    files,
    is_read_or_refused_with_its_line,
    refused_line,
    survives_or_is_refused,
    unicode,
)

keys = st.from_regex(r"[a-z_0-9-]{1,5}(\.[A-Za-z0-9_-]{1,5}){0,3}", fullmatch=True)
carried = st.text("a \"'%;!{}\\=[]~", min_size=1, max_size=10).filter(
    lambda value: value == value.strip() and value[0] != "'")


@given(st.lists(st.builds(Entry, keys, carried)).map(tuple))
def test_settings_are_read_back_the_same(entries: tuple[Entry, ...]) -> None:
    assert rabbitmq.parse(rabbitmq.emit(Document(entries))) == Document(entries)


@given(st.lists(st.builds(Entry, keys | anything, anything), max_size=4).map(tuple))
def test_nothing_is_smuggled_in(entries: tuple[Entry, ...]) -> None:
    survives_or_is_refused(Document(entries), rabbitmq.emit, rabbitmq.parse)


@given(files)
def test_any_file_is_read_or_refused(text: str) -> None:
    is_read_or_refused_with_its_line(text, rabbitmq.parse)
    is_read_or_refused_with_its_line(text, rabbitmq.parse_definitions)


def test_a_hand_written_file_is_read() -> None:
    text = "# broker\nlisteners.tcp.1=10.0.0.1:5672 # there\n\n  net_ticktime   =  5\n"
    assert rabbitmq.parse(text) == rabbitmq.document({"listeners.tcp.1": "10.0.0.1:5672", "net_ticktime": 5})


@pytest.mark.parametrize(("text", "line"), [("a = 1\nb\n", 2), ("a =\n", 1), ("a b = 1\n", 1), ("= 1\n", 1)])
def test_a_refusal_names_the_line(text: str, line: int) -> None:
    assert refused_line(text, rabbitmq.parse) == line


@pytest.mark.parametrize(("key", "value"), [
    ("a", ""), ("a", "b\nc = d"), ("a", "b#c"), ("a", " b"), ("a", "$(b)"), ("a", "\u00e9"), ("a", "'b"),
    ("a b", "c"), ("a..b", "c"), ("", "c"),
])
def test_what_cannot_be_carried_is_refused(key: str, value: str) -> None:
    with pytest.raises(Unwritable):
        rabbitmq.emit(rabbitmq.document({key: value}))


definitions = st.builds(
    Definitions,
    st.lists(st.builds(User, anything, anything, st.lists(anything, max_size=2).map(tuple)),
             max_size=2).map(tuple),
    st.lists(anything, min_size=1, max_size=2).map(tuple),
    st.lists(st.builds(Permission, anything, anything, anything, anything, anything),
             max_size=2).map(tuple),
    st.lists(st.builds(Policy, anything, anything, st.dictionaries(
        anything, st.one_of(anything, st.integers(), st.booleans()), max_size=2),
        anything, anything, st.integers()), max_size=2).map(tuple),
    st.sampled_from(["", "quorum"]))


@given(definitions)
def test_definitions_are_read_back_the_same(broker: Definitions) -> None:
    assert rabbitmq.parse_definitions(rabbitmq.emit_definitions(broker)) == broker


def test_tags_of_older_brokers_are_read() -> None:
    old = json.dumps({"users": [{"name": "a", "password_hash": "x", "tags": "administrator,monitoring"}]})
    assert rabbitmq.parse_definitions(old).users[0].tags == ("administrator", "monitoring")


@pytest.mark.parametrize(("text", "line"), [
    ("{\n", 2), ("[]", 1), ('{"users": {}}', 1), ('{"users": [{"name": 1}]}', 1), ("[" * 100000, 1),
    ('{"policies": [{"name": "a", "pattern": "", "definition": {"x": []}}]}', 1),
])
def test_definitions_of_another_shape_are_refused(text: str, line: int) -> None:
    assert refused_line(text, rabbitmq.parse_definitions) == line


def test_a_password_hash_is_the_one_of_rabbitmqs_documentation() -> None:
    # rabbitmq.com/docs/passwords works this example by hand: salt 908D C60A, password test12
    assert rabbitmq.password_hash("test12", bytes.fromhex("908DC60A")) == (
        "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR")


@given(unicode, st.binary(min_size=4, max_size=4))
def test_a_password_hash_begins_with_its_salt(password: str, salt: bytes) -> None:
    decoded = base64.b64decode(rabbitmq.password_hash(password, salt))
    assert decoded == salt + hashlib.sha256(salt + password.encode()).digest()


def test_a_password_that_is_no_text_is_refused() -> None:
    with pytest.raises(Unwritable):
        rabbitmq.password_hash("\ud800", b"salt")


def test_a_salt_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="4 bytes"):
        rabbitmq.password_hash("x", b"12345")
