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
from fournines.audit.cloud import Asleep, Cloud, Enabled, File
from fournines.audit.formats import SERVICES, project_of

_ELSEWHERE = re.compile(r"(?:docker|podman|containerd|crio|cri-o|kubelet|k3s|lxc|lxd|incus|snap\.|devstack|"
                        r"supervisor|tripleo_).*")
_WEB_SERVERS = r"apache2|httpd|nginx|uwsgi"


@dataclass(frozen=True, slots=True)
class Program:
    """``units`` that run it: a pattern of whole names, without ``@...`` and ``.service``. ``words`` of
    Pacemaker's configuration that name it (Corosync: whatever is in it)."""

    name: str
    units: re.Pattern[str]
    words: re.Pattern[str]

    def runs(self, wanted: Iterable[Collection[str]], managed: Iterable[str]) -> bool:
        """Whether anything has it among the units that each node wants, or in what Pacemaker manages."""
        return (any(self.units.fullmatch(unit) for units in wanted for unit in units)
                or any(self.words.search(text) for text in managed))


def _program(name: str, units: str, words: str) -> Program:
    return Program(name, re.compile(units), re.compile(words))


_BY_PATH = tuple((re.compile(paths), _program(*program)) for paths, program in (
    (r".*/corosync/.*", ("corosync", "corosync|pacemaker", "")),
    (r".*/haproxy/.*", ("haproxy", "haproxy.*", "haproxy")),
    (r".*/keepalived/.*", ("keepalived", "keepalived.*", "keepalived")),
    (r".*/memcached[^/]*\.conf", ("memcached", "memcached.*", "memcached")),
    (r".*/(?:mysql|my\.cnf\.d|mariadb)/.*|/etc/my\.cnf",
     ("mysql", "mysqld?.*|mariadb.*", "mysql|mariadb|galera")),
    (r".*/rabbitmq/.*", ("rabbitmq", "rabbitmq.*", "rabbitmq")),
))
_SERVICES = {name: _program(name, rf"(?:openstack-)?{name}(?:-.*)?|{_WEB_SERVERS}", name)
             for name in SERVICES}


def awake(cloud: Cloud) -> Cloud:
    """The cloud with those files in ``asleep`` and no longer in ``files``."""
    told = {file.node: {_bare(unit.name) for unit in state.units if unit.wanted}
            for file, state in cloud.documents(systemd_state.Document)}
    for file, _ in cloud.documents(Enabled):   # what is to start at the next boot need not be loaded yet
        told.get(file.node, set()).add(_bare(file.path.rpartition("/")[2]))
    if not told or any(_ELSEWHERE.fullmatch(unit) for units in told.values() for unit in units):
        return cloud
    managed = [file.text or "" for file in cloud.files
               if isinstance(file.document, Configuration | crm.Document)]
    of: dict[Program, list[File]] = {}
    for file in cloud.files:
        program = next((each for paths, each in _BY_PATH if paths.fullmatch(file.path)),
                       _SERVICES.get(project_of(file.path)))
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
