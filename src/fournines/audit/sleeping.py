"""Files of programs that nothing starts: a package's defaults, which say nothing about the cluster.

Told apart only where systemd of every node with such files has said what it runs. A program counts as asleep
if on no node a unit of it is wanted and no resource of Pacemaker's has it; where programs may run in
containers, or below something else that systemd starts, none does.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from fournines.artifacts import crm, systemd_state
from fournines.artifacts.pacemaker import Configuration
from fournines.audit.cloud import Asleep, Cloud, File
from fournines.audit.formats import SERVICES

_ELSEWHERE = re.compile(r"(?:docker|podman|containerd|crio|cri-o|kubelet|k3s|lxc|lxd|incus|snap\.|devstack|"
                        r"supervisor|tripleo_).*")
_WEB_SERVERS = r"apache2|httpd|nginx|uwsgi"


@dataclass(frozen=True, slots=True)
class Program:
    """``paths`` of its files, ``units`` that run it: patterns of whole names, a unit's without ``@...`` and
    ``.service``; ``words`` of Pacemaker's configuration that name it (Corosync: whatever is in it)."""

    name: str
    paths: re.Pattern[str]
    units: re.Pattern[str]
    words: re.Pattern[str]

    def runs(self, wanted: Iterable[Collection[str]], managed: Iterable[str]) -> bool:
        """Whether anything has it among the units that each node wants, or in what Pacemaker manages."""
        return (any(self.units.fullmatch(unit) for units in wanted for unit in units)
                or any(self.words.search(text) for text in managed))


def _program(name: str, paths: str, units: str, words: str) -> Program:
    return Program(name, re.compile(paths), re.compile(units), re.compile(words))


_PROGRAMS = (
    _program("corosync", r".*/corosync/.*", "corosync|pacemaker", ""),
    _program("haproxy", r".*/haproxy/.*", "haproxy.*", "haproxy"),
    _program("keepalived", r".*/keepalived/.*", "keepalived.*", "keepalived"),
    _program("memcached", r".*/memcached[^/]*\.conf", "memcached.*", "memcached"),
    _program("mysql", r".*/(?:mysql|my\.cnf\.d|mariadb)/.*|/etc/my\.cnf", "mysqld?.*|mariadb.*",
             "mysql|mariadb|galera"),
    _program("rabbitmq", r".*/rabbitmq/.*", "rabbitmq.*", "rabbitmq"),
    *(_program(name, rf"(?:.*/)?{name}(?:/.+|[-_.][^/]*)",
               rf"(?:openstack-)?{name}(?:-.*)?|{_WEB_SERVERS}", name) for name in SERVICES),
)


def awake(cloud: Cloud) -> Cloud:
    """The cloud with those files in ``asleep`` and no longer in ``files``."""
    told = {file.node: {_bare(unit.name) for unit in state.units if unit.wanted}
            for file, state in cloud.documents(systemd_state.Document)}
    if any(_ELSEWHERE.fullmatch(unit) for units in told.values() for unit in units):
        return cloud
    managed = [file.text or "" for file in cloud.files
               if isinstance(file.document, Configuration | crm.Document)]
    of: dict[Program, list[File]] = {}
    for file in cloud.files:
        program = next((each for each in _PROGRAMS if each.paths.fullmatch(file.path)), None)
        if program is not None:
            of.setdefault(program, []).append(file)
    asleep = tuple(Asleep(program.name, file) for program, files in of.items()
                   if all(file.node in told for file in files) and not program.runs(told.values(), managed)
                   for file in files)
    gone = {id(each.file) for each in asleep}
    return replace(cloud, files=tuple(file for file in cloud.files if id(file) not in gone),
                   asleep=(*cloud.asleep, *asleep))


def _bare(unit: str) -> str:
    return unit.removesuffix(".service").partition("@")[0]
