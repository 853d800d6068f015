"""With a ``complain`` that returns, a reader tells every problem with its line and reads the rest."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.artifacts import (
    corosync,
    drbd,
    fstab,
    haproxy,
    ini,
    keepalived,
    memcached,
    rabbitmq,
    sysctl,
    systemd,
)
from fournines.artifacts.document import Complain, refuse
from fournines.artifacts.ini import Dialect
from fournines.errors import Unparsable

from .texts import files

READERS: dict[str, Callable[[str, Complain], object]] = {
    "corosync": corosync.parse, "drbd": drbd.parse, "fstab": fstab.parse, "haproxy": haproxy.parse,
    "keepalived": keepalived.parse,
    "memcached": memcached.parse, "rabbitmq": rabbitmq.parse, "sysctl": sysctl.parse,
    "systemd": systemd.parse,
    **{str(dialect): lambda text, complain,
       dialect=dialect: ini.parse(text, dialect, complain)  # type: ignore[misc]
       for dialect in Dialect},
}
every_reader = pytest.mark.parametrize("name", READERS)


def problems_of(name: str, text: str) -> list[Unparsable]:
    problems: list[Unparsable] = []
    READERS[name](text, problems.append)
    return problems


@every_reader
@given(text=files)
def test_no_text_stops_it(name: str, text: str) -> None:
    problems = problems_of(name, text)
    assert all(1 <= problem.line <= text.count("\n") + 1 for problem in problems)


@every_reader
@given(text=files | st.text("a {};\n[]=:'\"\\", max_size=40))
def test_the_first_problem_is_the_one_that_a_strict_reader_refuses_for(name: str, text: str) -> None:
    problems = problems_of(name, text)
    if not problems:
        READERS[name](text, refuse)
        return
    with pytest.raises(Unparsable) as refused:
        READERS[name](text, refuse)
    assert str(refused.value) == str(problems[0])


@pytest.mark.parametrize(("name", "text", "lines"), [
    ("haproxy", "x\nglobal\n a 'b\n maxconn 1\n c \\\n", [1, 3, 5]),
    ("keepalived", "}\na {\n b \"c\n d 1\n", [1, 3, 2]),
    ("oslo.config", "a = 1\n[b\n[c] d\n[e]\n= 2\nf\n", [1, 2, 3, 5, 6]),
    ("my.cnf", "a = 1\nb = 2\n[c\n[mysqld]\n", [1, 3]),
    ("rabbitmq", "a\nb = 1\nc =\n", [1, 3]),
    ("sysctl", "a\nb = 1\nc =\n", [1, 3]),
    ("systemd", "a=1\n[\n[S]\nb\nc=1\n", [1, 2, 4]),
    ("memcached", "a\n-l 1\n'\n", [1, 3]),
])
def test_each_problem_is_told_at_its_line(name: str, text: str, lines: list[int]) -> None:
    assert [problem.line for problem in problems_of(name, text)] == lines


def test_what_is_read_knows_its_line() -> None:
    (section,) = haproxy.parse("\nglobal\n\n maxconn 1\n # c\n daemon\n").sections
    assert (section.number, section.numbers) == (2, (4, 6))
    (settings,) = ini.parse("\n[a]\nb = 1\n 2\nc = 3\n", Dialect.OSLO).sections
    assert [settings.line, *(entry.line for entry in settings.entries)] == [2, 3, 5]
    (block,) = keepalived.parse("\na b\n{\n c 1\n}\n").items
    assert isinstance(block, keepalived.Block)
    assert [block.line, *(item.line for item in block.items)] == [2, 4]
    assert [entry.line for entry in rabbitmq.parse("\na = 1\n#\nb = 1\n").entries] == [2, 4]
    assert [entry.line for entry in sysctl.parse("\na = 1\n;\nb = 1\n").entries] == [2, 4]
    (unit,) = systemd.parse("\n[S]\nA=1\\\n2\nB=3\n").sections
    assert [(entry.value, entry.line) for entry in unit.entries] == [("1 2", 3), ("3", 5)]
