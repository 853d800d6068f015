"""Which file is in which format, from its path on a node; and texts read into files of a ``Cloud``. No
I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

from fournines.artifacts import (
    certificate,
    cib,
    clock,
    corosync,
    crm,
    crm_mon,
    drbd,
    drbd_proc,
    drbd_status,
    environment,
    erlang,
    fstab,
    haproxy,
    ini,
    keepalived,
    memcached,
    rabbitmq,
    secret_file,
    settings_file,
    shell,
    sysctl,
    systemd,
    systemd_state,
    wsrep_status,
)
from fournines.artifacts.document import Complain, numbered
from fournines.artifacts.ini import Dialect
from fournines.audit.cloud import Enabled, File, Ignore, Pipeline, Wsgi
from fournines.errors import Unparsable

Reader: TypeAlias = Callable[[str, Complain], object]

SERVICES = ("aodh", "barbican", "ceilometer", "cinder", "designate", "glance", "gnocchi", "heat", "ironic",
            "keystone", "magnum", "manila", "masakari", "mistral", "neutron", "nova", "octavia", "placement",
            "sahara", "trove", "watcher")
"""The OpenStack services whose files below /etc/SERVICE are read as those of oslo.config."""

_PROJECT = re.compile(rf"(?:.*/)?(?P<name>{'|'.join(SERVICES)})(?:/.+|[-_.][^/]*)")


def project_of(path: str) -> str:
    """``neutron`` for /etc/neutron/plugins/ml2/ml2_conf.ini, and for a neutron-server.conf anywhere; empty
    for the files of others."""
    match = _PROJECT.fullmatch(path)
    return match["name"] if match is not None else ""


def _my_cnf(text: str, complain: Complain) -> ini.Document:
    return ini.parse(text, Dialect.MY_CNF, complain)


def _oslo(text: str, complain: Complain) -> ini.Document:
    return ini.parse(text, Dialect.OSLO, complain)


def _paste(text: str, complain: Complain) -> Pipeline:
    return Pipeline(ini.parse(text, Dialect.OSLO, complain))


def _wsgi(text: str, complain: Complain) -> Wsgi:
    return Wsgi(ini.parse(text, Dialect.UWSGI, complain))


def _enabled(text: str, complain: Complain) -> Enabled:
    return Enabled()


def _whole(parse: Callable[[str], object]) -> Reader:
    """A reader of a format that has no lines to skip: what cannot be understood is the whole file."""
    def read(text: str, complain: Complain) -> object:
        try:
            return parse(text)
        except Unparsable as problem:
            complain(problem)
            return None

    return read


_CERTIFICATES = (
    rf".*/(?:haproxy|rabbitmq|mysql|{'|'.join(SERVICES)})/(?:.+/)?[^/]+\.(?:pem|crt|cer)"
    r"|.*/etc/(?:ssl/private|pki/tls/(?:certs|private)|letsencrypt/live/[^/]+)/(?!ca-bundle)"
    r"[^/]+\.(?:pem|crt|cer)")
"""Those of servers; /etc/ssl/certs has the hundred of the world's authorities."""

_FORMATS: tuple[tuple[re.Pattern[str], Reader], ...] = tuple((re.compile(pattern), reader) for pattern,
                                                             reader in (
    (r"haproxy[^/]*\.cfg|.*/haproxy/(?:[^/]+/)?[^/]+\.cfg|.*/haproxy[^/]*\.cfg", haproxy.parse),
    (r"(?:.*/)?keepalived[^/]*\.conf|.*/keepalived/(?:[^/]+/)?[^/]+\.conf", keepalived.parse),
    (r"(?:.*/)?corosync\.conf", corosync.parse),
    (r"(?!.*/multipath/)(?:.*/)?drbd\.conf|(?:.*/)?[^/]+\.res|.*/drbd\.d/[^/]+\.conf", drbd.parse),
    (r"(?:.*/)?cib[^/]*\.xml", cib.parse),
    (r"(?:.*/)?crm_mon\.xml", crm_mon.parse),
    (r"(?:.*/)?drbdsetup-status\.json", drbd_status.parse),
    (r"(?:.*/)?proc/drbd", drbd_proc.parse),
    (r"(?:.*/)?wsrep-status\.txt", wsrep_status.parse),
    (r"(?:.*/)?systemd-units\.txt", systemd_state.parse),
    (r"(?:.*/)?(?:[^/]+\.crm|cib\.txt|crm(?:[-_]configure)?(?:[-_]show)?\.txt)", crm.parse),
    (r"(?:.*/)?(?:my|mariadb|galera|wsrep)\.cnf|.*/(?:mysql|my\.cnf\.d|mariadb)/(?:.+/)?[^/]+\.cnf", _my_cnf),
    (r"(?:.*/)?rabbitmq\.conf|.*/rabbitmq/conf\.d/[^/]+\.conf", rabbitmq.parse),
    (r"(?:.*/)?rabbitmq-env\.conf", _whole(environment.parse)),
    (r"(?:.*/)?(?:advanced|rabbitmq)\.config", _whole(erlang.parse)),
    (r".*/rabbitmq/definitions\.json", _whole(rabbitmq.parse_definitions)),
    (r"(?:.*/)?memcached[^/]*\.conf", memcached.parse),
    (r"(?!.*/profile\.d/)(?:.*/)?[^/]+\.(?:ba)?sh", shell.parse),
    (r"(?:.*/)?[^/]+\.sql", shell.parse_sql),
    (r"(?:.*/)?fstab", fstab.parse),
    (r"(?:.*/)?sysctl\.conf|.*/sysctl\.d/[^/]+\.conf", sysctl.parse),
    (r".*/systemd/system/memcached\.service(?:\.d/[^/]+\.conf)?", systemd.parse),
    (r".*/systemd/system/[^/]+\.(?:wants|requires)/[^/]+\.service", _enabled),
    (r"(?:.*/)?(?:chrony|ntp)\.conf|.*/chrony/(?:conf\.d/[^/]+\.conf|sources\.d/[^/]+\.sources)",
     clock.parse),
    (r"(?:.*/)?\.erlang\.cookie|.*/keystone/(?:fernet|credential)-keys/[0-9]+", secret_file.parse),
    (_CERTIFICATES, certificate.parse),
    (r".*/api-paste\.ini", _paste),
    (rf".*/(?:{'|'.join(SERVICES)})/[^/]*uwsgi[^/]*\.ini", _wsgi),
    (r".*/local_settings(?:\.d/[^/]+)?\.py", settings_file.parse),
    (rf".*/(?:{'|'.join(SERVICES)})/(?:.+/)?(?!logging|api-paste)[^/]+\.(?:conf|ini)"
     rf"|(?:.*/)?(?:{'|'.join(SERVICES)})(?:[-_][a-z0-9_-]+)?\.conf", _oslo),
))
_NOT_OSLO = re.compile(r".*(?:paste|uwsgi|wsgi|rootwrap|logging|policy|audit_map|dnsmasq)[^/]*\.(?:ini|conf)"
                       r"|.*/rootwrap\.d/.*")


BESIDE_ETC = ("/root", "/usr/local/bin", "/usr/local/sbin", "/var/lib/pacemaker/cib", "/var/lib/rabbitmq")
"""Where else something of a node may be: scripts of administrators, Pacemaker's own file, Erlang's cookie.
What lies in folders there is in force nowhere: somebody's copies."""

_COPY = re.compile(rf"(?:{'|'.join(map(re.escape, BESIDE_ETC))})/[^/]+/.*")
PATTERN = f"(?!{_COPY.pattern})(?:{'|'.join(f'(?:{pattern.pattern})' for pattern, _ in _FORMATS)})"
"""A regular expression that matches the paths of all files that may be audited."""


def reader_of(path: str) -> Reader | None:
    """What reads a file that lies at this path of a node; None for one that is not audited."""
    if _COPY.fullmatch(path):
        return None
    for pattern, reader in _FORMATS:
        if pattern.fullmatch(path):
            return None if reader is _oslo and _NOT_OSLO.fullmatch(path) else reader
    return None


def by_name(path: str) -> bool:
    """Whether a file is audited for its name alone: it need not be readable, nor a link lead anywhere."""
    return reader_of(path) is _enabled


def read(node: str, path: str, shown: str, content: bytes, mode: int | None = None) -> File | None:
    """The file, with whatever of it can be understood; None for one that is not audited."""
    reader = reader_of(path)
    if reader is None:
        return None
    problems: list[Unparsable] = []
    text = content.decode(errors="replace").removeprefix("\ufeff")
    document = reader(text, problems.append)
    if isinstance(document, secret_file.Document | certificate.Document | Enabled):
        return File(node, path, shown, document, _first(problems), mode=mode)   # the text is not kept
    return File(node, path, shown, document, _first(problems), tuple(_ignores(text)), mode,
                text if text.encode() == content else None)


_MOST_PROBLEMS = 100


def _first(problems: list[Unparsable]) -> tuple[Unparsable, ...]:
    """A file of another format is one mistake and not a million; how many more there are is said."""
    if len(problems) <= _MOST_PROBLEMS:
        return tuple(problems)
    next_one = problems[_MOST_PROBLEMS]
    more = f"{len(problems) - _MOST_PROBLEMS} more lines from here on"
    return (*problems[:_MOST_PROBLEMS], Unparsable(next_one.format_name, next_one.line, more))


_IGNORE = re.compile(r"[#!;%]+[ \t]*fournines:[ \t]*ignore[ \t]+(?P<rules>[A-Za-z0-9, ]{1,200}?)"
                     r"(?:[ \t]+because[ \t]+(?P<reason>\S.*))?[ \t]*$")
_COMMENT = re.compile(r"[ \t]*(?:[#!;%].*)?")


def _ignores(text: str) -> Iterator[Ignore]:
    """``# fournines: ignore HAP003 because ...``: about its own line, or, alone on one, the next with
    content."""
    if "fournines:" not in text:
        return
    waiting: list[Ignore] = []
    for number, line in numbered(text):
        if not _COMMENT.fullmatch(line):
            yield from (replace(ignore, about=number) for ignore in waiting)
            waiting.clear()
        match = _IGNORE.search(line)
        if match is not None:
            rules = tuple(re.split(r"[, ]+", match["rules"].strip(", ")))
            waiting.append(Ignore(rules, (match["reason"] or "").strip(), number, number))
            if not _COMMENT.fullmatch(line):
                yield waiting.pop()
    yield from waiting
