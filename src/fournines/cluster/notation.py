"""How single values are written in a cluster file: names, durations, addresses, networks.

Each ``parse_*`` takes the value as YAML gave it and returns the typed one, or raises ``Wrong``, which says
what is wrong and what to write instead.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Network, ip_network

LABEL_PATTERN = r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$"
DURATION_PATTERN = r"^[0-9]{1,9}(\.[0-9]{1,6})?(ms|s|m|h)$"
ADDRESS_PATTERN = r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$"
NETWORK_PATTERN = r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$"
DOMAIN_VALUE_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9 ._/+-]{0,61}[A-Za-z0-9])?$"
HOST_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$"
USER_PATTERN = r"^[a-z_][a-z0-9_-]{0,31}$"
RULE_PATTERN = r"^[A-Z]{3}[0-9]{3}$"
REASON_PATTERN = r"\S"
OVERRIDE_PATTERN = r"^(-?[0-9]{1,9}|[0-9]{1,9}(\.[0-9]{1,6})?(ms|s|m|h))$"

_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_LEADING_ZERO = re.compile(r"(?<![0-9])0+(?=[0-9])")
_THIS_NETWORK = IPv4Network("0.0.0.0/8")
_SMALLEST_PREFIX, _LARGEST_PREFIX = 8, 29     # /29 has room for three nodes and a VIP


class Wrong(ValueError):
    """A value that cannot be used: ``what`` is wrong with it, what to write ``instead``."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(f"{what}: {instead}")
        self.what = what
        self.instead = instead


def one_line(text: str) -> str:
    """Text from a file made fit for a message: one line, nothing that a terminal obeys, not endless."""
    plain = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text[:500])
    return plain if len(text) <= 500 else f"{plain}..."


def shown(value: object) -> str:
    """A value as a message quotes it: text in quotes, short; a collection by its kind."""
    match value:
        case None:
            return "empty"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}..."'
        case list() | tuple():
            return "a list"
        case dict():
            return "a group of settings"
        case _:
            return str(value)


def parse_duration(value: object) -> float:
    """Seconds, of ``5s``, ``500ms``, ``1.5m``, ``1h``; a number without its unit is refused."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise Wrong(f"is {value} without a unit", f"write {value}s for seconds, or ms, m, h")
    if isinstance(value, str) and re.fullmatch(DURATION_PATTERN, value):
        digits = value.rstrip("msh")
        return float(digits) * _UNIT_S[value.removeprefix(digits)]
    instead = "write a number and its unit, such as 5s, 500ms or 1m"
    if isinstance(value, str):
        squeezed = _spelled_unit(value)
        if re.fullmatch(DURATION_PATTERN, squeezed):
            instead = f"write {squeezed}"
        elif re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
            instead = f"write {value}s for seconds, or ms, m, h"
    raise Wrong(f"is {shown(value)}, which is not a duration", instead)


def _spelled_unit(text: str) -> str:
    """``5 sec`` and ``1 Minute`` as they are written here."""
    spelled = {r"(s|secs?|seconds?)": "s", r"(ms|msecs?|milliseconds?)": "ms",
               r"(m|mins?|minutes?)": "m", r"(h|hours?|hrs?)": "h"}
    for words, unit in spelled.items():
        found = re.fullmatch(rf"([0-9.]+) *{words}", text.strip().lower())
        if found:
            return found[1] + unit
    return text


def parse_label(value: object) -> str:
    """A name that is also a host name label: lower-case letters, digits and hyphens, at most 63."""
    if not isinstance(value, str):
        raise Wrong(f"is {shown(value)}, which is not a name", "write a name, such as ctl1")
    if re.fullmatch(LABEL_PATTERN, value):
        return value
    better = re.sub(r"[^a-z0-9-]+", "-", value.lower()).strip("-")
    proposal = f", such as {better}" if re.fullmatch(LABEL_PATTERN, better) else ""
    if len(value) > 63:
        raise Wrong(f"is {len(value)} characters long", "write at most 63")
    raise Wrong(f"is {shown(value)}, which is not a valid name",
                f"write lower-case letters, digits and hyphens, a letter first{proposal}")


def parse_host_label(value: object) -> str:
    """A label; a name with dots is told where its domain goes."""
    if isinstance(value, str) and "." in value and re.fullmatch(LABEL_PATTERN, value.split(".")[0]):
        short = value.split(".")[0]
        raise Wrong(f"is {shown(value)}, which has a domain",
                    f"write the short name {short}; the name to log in to goes to reach: {{host: {value}}}")
    return parse_label(value)


def parse_address(value: object) -> IPv4Address:
    """An IPv4 address of one interface."""
    if isinstance(value, str) and ":" in value:
        raise Wrong(f"is {shown(value)}, and IPv6 is not supported yet", "write an IPv4 address")
    try:
        address = IPv4Address(value) if isinstance(value, str) else None
    except AddressValueError:
        address = None
    if address is None:
        raise Wrong(f"is {shown(value)}, which is not an IPv4 address", _address_proposal(value))
    if address.is_loopback or address.is_multicast or address.is_reserved or address in _THIS_NETWORK:
        raise Wrong(f"is {address}, which no machine can have on a network", "write an address of its own")
    return address


def _address_proposal(value: object) -> str:
    text = value if isinstance(value, str) else ""
    for better in (_LEADING_ZERO.sub("", text), text.partition("/")[0], text.strip()):
        if better != text and _is_address(better):
            return f"write {better}"
    return "write four numbers from 0 to 255 with dots, such as 192.168.42.11"


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


def parse_network(value: object) -> IPv4Network:
    """An IPv4 network with its prefix length; host bits must be zero."""
    if isinstance(value, str) and ":" in value:
        raise Wrong(f"is {shown(value)}, and IPv6 is not supported yet", "write an IPv4 network")
    if isinstance(value, str) and _is_address(value):
        raise Wrong(f"is {shown(value)}, without a prefix length", f"write it with one, such as {value}/24")
    try:
        network = ip_network(value, strict=False) if isinstance(value, str) else None
    except ValueError:
        network = None
    if network is None or isinstance(network, IPv6Network):
        raise Wrong(f"is {shown(value)}, which is not an IPv4 network",
                    "write address and prefix length, such as 192.168.42.0/24")
    if str(value) != str(network):
        raise Wrong(f"is {shown(value)}, which is not how this network is written", f"write {network}")
    if not _SMALLEST_PREFIX <= network.prefixlen <= _LARGEST_PREFIX:
        raise Wrong(f"is {network}, which has {'too many' if network.prefixlen < 8 else 'too few'} addresses",
                    f"write a prefix length from /{_SMALLEST_PREFIX} to /{_LARGEST_PREFIX}, such as /24")
    if network.is_loopback or network.is_multicast or network.is_reserved or network.is_unspecified:
        raise Wrong(f"is {network}, which is reserved for other uses", "write a private network")
    return network


def parse_domain_value(value: object) -> str:
    """What a node hangs on: a rack, a power feed, a switch, as the operator calls it; ``a+b`` where either of
    two suffices."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise Wrong(f"is the number {value}", f'write it in quotes: "{value}"')
    if isinstance(value, str) and re.fullmatch(DOMAIN_VALUE_PATTERN, value):
        return value
    raise Wrong(f"is {shown(value)}, which is not a name",
                "write letters, digits, spaces and - _ . /, such as rack-1")


def parse_recovery_target(value: object) -> float:
    """``recover_within`` in seconds; what nobody can mean is refused here, what cannot be kept in timers."""
    seconds = parse_duration(value)
    if seconds < 1:
        raise Wrong(f"is {value}, less than one lost packet costs", "write at least 1s; 5s is usual")
    if seconds > 600:
        raise Wrong(f"is {value}, longer than a person needs to repair it", "write at most 10m; 5s is usual")
    return seconds


def parse_override(value: object) -> str:
    """A timer's own value as written: a duration or a whole number (of tries, probes, points)."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value):
        return value
    parse_duration(value)
    return str(value)


def parse_login_host(value: object) -> str:
    """A host name or IPv4 address to log in to; never what a command line takes for an option."""
    if isinstance(value, str) and re.fullmatch(HOST_PATTERN, value):
        return value
    raise Wrong(f"is {shown(value)}, which is not a host name", "write a host name or an IPv4 address")


def parse_login_user(value: object) -> str:
    """A user name as useradd(8) allows it."""
    if isinstance(value, str) and re.fullmatch(USER_PATTERN, value):
        return value
    raise Wrong(f"is {shown(value)}, which is not a user name", "write a user name, such as root")


def parse_rule_id(value: object) -> str:
    """The name of a rule of ``fournines audit``; whether there is one of that name the audit says."""
    if isinstance(value, str) and re.fullmatch(RULE_PATTERN, value):
        return value
    better = str(value).strip().upper()
    proposal = better if re.fullmatch(RULE_PATTERN, better) else "HAP003"
    raise Wrong(f"is {shown(value)}, which is no rule of the audit", f"write its id, such as {proposal}")


def parse_reason(value: object) -> str:
    """Why something is as it is; never nothing."""
    if isinstance(value, str) and re.search(REASON_PATTERN, value):
        return one_line(value)
    raise Wrong(f"is {shown(value)}, which is no reason", "write in a few words why it is as it is")
