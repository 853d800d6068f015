"""Names of options, against what the services' packages list (scripts/oslo_options)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from fournines.audit.cloud import Cloud
from fournines.audit.knowledge.options import (
    GONE,
    Options,
    listed_services,
    login,
    named,
    newest,
    options_of,
    releases,
    section_key,
)
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.services import Option, Service, services
from fournines.findings import Severity

_OTHER_FORMATS = re.compile(r".*/(?:property-protections|glance-swift)[^/]*")
_OF_A_LOGIN = frozenset(("auth_type", "auth_plugin", "auth_section", "auth_url"))
_MADE_BY_THE_SERVICE = re.compile(r".*priv.*|os_glance_.*")   # oslo.privsep's contexts, reserved stores
_WORD = re.compile(r"[\w.:-]+")
_USED = re.compile(r"\$\{?(\w+)")
MOST_HINTS, LONGEST_NAME = 20, 100
SOURCE = "what the packages of Debian 11, 12 and 13 list by their entry points oslo.config.opts"


def _known(cloud: Cloud) -> Iterator[tuple[Service, str, Options]]:
    """The files that are a service's own, with its name and its options."""
    for service in services(cloud):
        if service.project not in listed_services() or _OTHER_FORMATS.fullmatch(service.file.path):
            continue
        options = options_of(service.project)
        if any(section_key(option.section) in options.known for option in service.options):
            yield service, service.project, options


@rule("OSL011", Severity.WARNING, Effect.BLIND, "An option that no version of the service knows",
      consequence="It is read without a word and does nothing: what was meant for high availability is not "
                  "there.",
      fix="correct its name or its section, or remove it; oslo-config-validator says the same on a node",
      source=SOURCE, versions="Victoria to Epoxy; Horizon is none of these: its settings are Python")
def unknown_option(cloud: Cloud) -> Hits:
    for service, project, options in _known(cloud):
        written, hints, said = _written(service), Hints(), set[str]()
        for option in service.options:
            section = section_key(option.section)
            if option.name in GONE or _is_known(option, section, written, options):
                continue
            if section in options.known or section in options.moved:
                yield Hit(option.at, f"{project} knows no {option.name} in [{option.section}]"
                                     f"{_meant(option, section, options, hints)}")
            elif section in written.own or _MADE_BY_THE_SERVICE.fullmatch(section):
                if option.name not in options.names | login():
                    yield Hit(option.at, f"{project} knows no {option.name} in any section"
                                         f"{hints.alike(option.name, options.names)}")
            elif section not in said:
                said.add(section)
                near = hints.alike(section, options.known)
                foreign = not near and not written.names[option.section] & options.names
                yield Hit(option.at, f"{project} has no section [{option.section}]{near}",
                          Severity.INFO if foreign else None,
                          "make sure that the plug-in which has it is installed" if foreign else "")


@dataclass(frozen=True, slots=True)
class _Written:
    """``used``: names that values use (``$here``), and so the file's own. ``logins``: sections with a login
    plugin. ``own``: whatever values name may be a section: enabled_backends = lvm-1 makes [lvm-1] one.
    ``names`` of each section."""

    used: frozenset[str]
    logins: frozenset[str]
    own: frozenset[str]
    names: Mapping[str, set[str]]


def _written(service: Service) -> _Written:
    words = {word for option in service.options for word in _WORD.findall(option.value)}
    names: dict[str, set[str]] = {}
    for option in service.options:
        names.setdefault(option.section, set()).add(option.name)
    return _Written(
        frozenset(name for option in service.options for name in _USED.findall(option.value)),
        frozenset(section for section, inside in names.items() if inside & _OF_A_LOGIN),
        frozenset(section_key(part) for word in words for part in (word, word.partition(":")[0])), names)


def _is_known(option: Option, section: str, written: _Written, options: Options) -> bool:
    return (option.name in options.known.get(section, ()) or option.name in options.moved.get(section, ())
            or option.name in written.used or (option.name in login() and option.section in written.logins))


def _meant(option: Option, section: str, options: Options, hints: Hints) -> str:
    elsewhere = options.sections_of(option.name) if option.name in options.names else ()
    if elsewhere:
        return f": it is known in [{'], ['.join(elsewhere[:3])}]"
    return hints.alike(option.name, options.known.get(section, ()))


class Hints:
    """What is meant, perhaps: for the first mistakes of a file. One with thousands is another file."""

    def __init__(self) -> None:
        self._left = MOST_HINTS

    def alike(self, name: str, known: Iterable[str]) -> str:
        """A part of a sentence; empty where nothing is like it."""
        if not self._left:
            return ""
        self._left -= 1
        near = get_close_matches(name[:LONGEST_NAME], list(known), 1, 0.85)
        return f": {near[0]} is meant, perhaps" if near else ""


@rule("OSL012", Severity.INFO, Effect.BLIND, "An option under an old name, or of old releases",
      consequence="It is read now, and after an upgrade it is not: what it was meant for ends silently.",
      fix="write the new name before the upgrade", source=SOURCE, versions="Victoria to Epoxy")
def old_option(cloud: Cloud) -> Hits:
    for service, project, options in _known(cloud):
        for option in service.options:
            section = section_key(option.section)
            bits = options.known.get(section, {}).get(option.name, 0)
            moved = options.moved.get(section, {}).get(option.name)
            if option.name in GONE or bits & newest():
                continue
            if moved is not None and (section_key(moved.section), moved.name) != (section, option.name):
                now = options.known.get(section_key(moved.section), {}).get(moved.name, 0)
                if not now & newest():
                    continue   # the new one is gone too: there is nothing to write instead
                yield Hit(option.at, f"{option.name} in [{option.section}] is {moved.name} in "
                                     f"[{moved.section}] now; {named(moved.releases)} read the old name too")
            elif bits:
                yield Hit(option.at, f"{option.name} in [{option.section}] is known to {project} of "
                                     f"{named(bits)}, and to {releases()[-1]} no more")
