"""Names of options, against what the services' packages list (scripts/oslo_options)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from fournines.audit.cloud import Cloud
from fournines.audit.formats import SERVICES
from fournines.audit.knowledge.options import (
    GONE,
    NEWEST,
    Options,
    listed_services,
    login,
    named,
    options_of,
    releases,
    section_key,
)
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.services import Option, Service, services
from fournines.findings import Severity

_PROJECT = re.compile(rf"(?:.*/)?(?P<name>{'|'.join(SERVICES)})(?:/.+|[-_.][^/]*)")
_OTHER_FORMATS = re.compile(r".*/(?:property-protections|glance-swift|dnsmasq)[^/]*")
_LOGIN_SECTION = frozenset(("auth_type", "auth_plugin", "auth_section", "auth_url"))
_MADE_BY_THE_SERVICE = re.compile(r".*priv.*|os_glance_.*")   # oslo.privsep's contexts, reserved stores
_WORD = re.compile(r"[\w.:-]+")
SOURCE = "what the packages of Debian 11, 12 and 13 list by their entry points oslo.config.opts"


def _known(cloud: Cloud) -> Iterator[tuple[Service, str, Options]]:
    """The files that are a service's own, with its name and its options."""
    for service in services(cloud):
        project = _PROJECT.fullmatch(service.file.path)
        if (project is None or project["name"] not in listed_services()
                or _OTHER_FORMATS.fullmatch(service.file.path)):
            continue
        options = options_of(project["name"])
        if any(section_key(option.section) in options.known for option in service.options):
            yield service, project["name"], options


@rule("OSL011", Severity.WARNING, Effect.BLIND, "An option that no version of the service knows",
      consequence="It is read without a word and does nothing: what was meant for high availability is not "
                  "there.",
      fix="correct its name or its section, or remove it; oslo-config-validator says the same on a node",
      source=SOURCE, versions="Victoria to Epoxy; Horizon is none of these: its settings are Python")
def unknown_option(cloud: Cloud) -> Hits:
    for service, project, options in _known(cloud):
        own = _own_sections(service)
        said: set[str] = set()
        for option in service.options:
            section = section_key(option.section)
            if option.name in GONE or _is_known(option, section, service, options):
                continue
            if section in options.known or section in options.moved:
                yield Hit(option.at, f"{project} knows no {option.name} in [{option.section}]"
                                     f"{_meant(option, section, options)}")
            elif section in own or _MADE_BY_THE_SERVICE.fullmatch(section):
                if option.name not in options.names | login():
                    yield Hit(option.at, f"{project} knows no {option.name} in any section"
                                         f"{_alike(option.name, options.names)}")
            elif section not in said:
                said.add(section)
                near = _alike(section, options.known)
                within = {other.name for other in service.options if other.section == option.section}
                foreign = not near and not within & options.names
                yield Hit(option.at, f"{project} has no section [{option.section}]{near}",
                          Severity.INFO if foreign else None,
                          "make sure that the plug-in which has it is installed" if foreign else "")


def _is_known(option: Option, section: str, service: Service, options: Options) -> bool:
    if option.name in options.known.get(section, ()) or option.name in options.moved.get(section, ()):
        return True
    used = f"${option.name}", f"${{{option.name}}}"
    if any(mark in other.value for other in service.options for mark in used):
        return True   # a name of the file's own, for values below it
    return option.name in login() and any(
        other.section == option.section and other.name in _LOGIN_SECTION for other in service.options)


def _own_sections(service: Service) -> frozenset[str]:
    """What values name may be a section: enabled_backends = lvm-1 makes [lvm-1] one."""
    return frozenset(section_key(word) for option in service.options
                     for word in (*_WORD.findall(option.value),
                                  *(part.partition(":")[0] for part in _WORD.findall(option.value))))


def _meant(option: Option, section: str, options: Options) -> str:
    elsewhere = options.sections_of(option.name)
    if elsewhere:
        return f": it is known in [{'], ['.join(elsewhere[:3])}]"
    return _alike(option.name, options.known.get(section, ()))


def _alike(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), 1, 0.85)
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
            if option.name in GONE or bits & NEWEST:
                continue
            if moved is not None and (section_key(moved.section), moved.name) != (section, option.name):
                yield Hit(option.at, f"{option.name} in [{option.section}] is {moved.name} in "
                                     f"[{moved.section}] now; {named(moved.releases)} read the old name too")
            elif bits:
                yield Hit(option.at, f"{option.name} in [{option.section}] is known to {project} of "
                                     f"{named(bits)}, and to {releases()[-1]} no more")
