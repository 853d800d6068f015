"""Options of a service's own configuration file, as far as an agent has to know them.

Not ``configparser``: that takes longer to import than everything else an agent does.
"""

from __future__ import annotations


def option(path: str, section: str, name: str) -> str:
    """The last value that the file gives the option, "" where it gives none or cannot be read."""
    found, inside = "", False
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                text = line.strip()
                if text.startswith("[") and text.endswith("]"):
                    inside = text[1:-1] == section
                elif inside and not text.startswith(("#", ";")) and not line[:1].isspace():
                    key, equals, value = text.partition("=")
                    if equals and key.strip() == name:
                        found = value.strip()
    except OSError:
        return ""
    return found


def places(url: str, default_port: int) -> list[tuple[str, int]]:
    """Every host and port of an address such as ``rabbit://user:password@host:port,user@host/path``."""
    _, colon, rest = url.partition("://")
    if not colon:
        return []
    found = []
    for member in rest.partition("?")[0].partition("/")[0].split(","):
        place = member.rpartition("@")[2]
        host, colon, port = place.rpartition(":")
        if not colon or not port.isdigit():
            host, port = place, str(default_port)
        if host:
            found.append((host.strip("[]"), int(port)))
    return found
