"""Values are read as people write them, and what is refused says what to write."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournines.cluster.notation import (
    Wrong,
    parse_address,
    parse_duration,
    parse_label,
    parse_login_host,
    parse_network,
    parse_override,
    shown,
)


@pytest.mark.parametrize(("text", "seconds"), [("5s", 5), ("500ms", 0.5), ("1m", 60), ("1.5m", 90),
                                               ("2h", 7200), ("0.25s", 0.25), ("0s", 0)])
def test_durations_have_units(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(("value", "instead"), [
    (5, "write 5s for seconds"), (0.5, "write 0.5s for seconds"), ("5", "write 5s for seconds"),
    ("5 seconds", "write 5s"), ("100 Milliseconds", "write 100ms"), ("1 min", "write 1m"), ("5S", "write 5s"),
    ("-5s", "such as 5s"), ("1e3s", "such as 5s"), ("5s ", "write 5s"), (True, "such as 5s"),
    (None, "such as 5s"),
    ("nan", "such as 5s"), ("\u0665s", "such as 5s"), ([], "such as 5s"),
])
def test_other_durations_are_told_what_to_write(value: object, instead: str) -> None:
    with pytest.raises(Wrong) as refused:
        parse_duration(value)
    assert instead in refused.value.instead


@pytest.mark.parametrize("parse", [parse_duration, parse_label, parse_address, parse_network, parse_override,
                                   parse_login_host])
@given(value=st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())
       | st.dictionaries(st.text(), st.text()))
def test_nothing_but_wrong_comes_out(parse: Callable[[object], object], value: object) -> None:
    refused = None
    try:
        parse(value)
    except Wrong as wrong:
        refused = wrong
    assert refused is None or (refused.what and refused.instead)


@given(st.ip_addresses(network="10.0.0.0/8").map(str))
def test_an_address_comes_back_as_written(text: str) -> None:
    assert str(parse_address(text)) == text


@pytest.mark.parametrize("text", ["127.0.0.1", "0.0.0.0", "224.0.0.18", "255.255.255.255"])  # noqa: S104
def test_an_address_belongs_to_one_machine(text: str) -> None:
    with pytest.raises(Wrong, match="no machine can have"):
        parse_address(text)


@pytest.mark.parametrize("host", ["-oProxyCommand=id", "a b", "", "a/b", "root@host", "ctl1;id", "host\n"])
def test_a_host_is_never_an_option_or_a_command(host: str) -> None:
    with pytest.raises(Wrong):
        parse_login_host(host)


@pytest.mark.parametrize("label", ["ctl1\n", "Ctl1", "1ctl", "ctl-", "a" * 64, "", "ctl_1", "ñ"])
def test_a_label_fits_a_host_name(label: str) -> None:
    with pytest.raises(Wrong):
        parse_label(label)


def test_long_text_is_shown_short() -> None:
    assert len(shown("x" * 5000)) < 70
