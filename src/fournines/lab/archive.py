"""Where this computer gets the distribution's packages: its own apt configuration, whatever mirror it names.

Only sources that call themselves Debian's are used; what else is configured here is not for the nodes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fournines.errors import LabError
from fournines.lab.process import run

ORIGIN = "Debian"
UPDATE_TIMEOUT_S = 300.0
# How apt reaches a mirror: proxies, certificates, credentials. Settings of its methods, not of content.
ACCESS_SETTING = re.compile(r'^(Acquire::(?:http|https|ftp|Retries|ForceIPv[46]|Check-Date|Check-Valid-Until)'
                            r'[^ ]*) "(.+)";$', re.MULTILINE)
CREDENTIALS = {"Dir::Etc::netrc": "/etc/apt/auth.conf", "Dir::Etc::netrcparts": "/etc/apt/auth.conf.d"}


@dataclass(frozen=True, slots=True, order=True)
class Archive:
    """One suite of one mirror. ``signed_by`` names a keyring, or is empty for apt's trusted keys."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str = ""

    def __str__(self) -> str:
        """As a line of ``sources.list``."""
        options = f" [signed-by={self.signed_by}]" if self.signed_by else ""
        return f"deb{options} {self.uri} {self.suite} {' '.join(self.components)}"


def archives(codename: str) -> tuple[Archive, ...]:
    """The release itself, its updates and its security updates, as far as they are configured here.

    Asks ``apt-get indextargets``, which knows the origin only once lists were fetched, and so fetches them
    if need be. Raises ``LabError`` when the release is not among this computer's sources.
    """
    found = parse(run(["apt-get", "indextargets", "Created-By: Packages"]).output, codename)
    if codename not in {archive.suite for archive in found}:
        run(["apt-get", "-qq", "update"], timeout_s=UPDATE_TIMEOUT_S)
        found = parse(run(["apt-get", "indextargets", "Created-By: Packages"]).output, codename)
    if codename not in {archive.suite for archive in found}:
        raise LabError(f"apt on this computer has no source of Debian's {codename}",
                       hint="name one under /etc/apt/sources.list.d and run apt-get update")
    return found


def parse(targets: str, codename: str) -> tuple[Archive, ...]:
    """Read the output of ``apt-get indextargets``: stanzas of ``Field: value``, one for each index."""
    suites = (codename, f"{codename}-updates", f"{codename}-security")
    components: dict[tuple[str, str, str], set[str]] = {}
    for stanza in targets.split("\n\n"):
        fields = dict(_fields(stanza))
        suite = fields.get("Release", "")
        if fields.get("Origin") == ORIGIN and suite in suites:
            key = (fields["Repo-URI"], suite, fields.get("Signed-By", ""))
            components.setdefault(key, set()).add(fields["Component"])
    return tuple(sorted(Archive(uri, suite, tuple(sorted(names)), signed_by)
                        for (uri, suite, signed_by), names in components.items()))


def access_settings() -> str:
    """How apt here reaches its mirrors, as apt configuration: for the build only, never left in an image."""
    dump = run(["apt-config", "dump"]).output
    settings = [(name, value) for name, value in ACCESS_SETTING.findall(dump)]
    return "".join(f'{name} "{value}";\n' for name, value in [*settings, *CREDENTIALS.items()])


def _fields(stanza: str) -> Iterator[tuple[str, str]]:
    for line in stanza.splitlines():
        name, colon, value = line.partition(": ")
        if colon:
            yield name, value.strip()
