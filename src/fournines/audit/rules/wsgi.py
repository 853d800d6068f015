"""How uWSGI serves the APIs of OpenStack."""

from __future__ import annotations

from collections.abc import Iterator

from fournines.audit.change import new_value
from fournines.audit.cloud import Cloud, File, Wsgi
from fournines.audit.formats import project_of
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.findings import Severity

_DEBIANS = "neutron-api-uwsgi.ini"


@rule("OSL013", Severity.WARNING, Effect.OUTAGE, "Neutron's API in several threads of one process",
      consequence="It puts eventlet's locks in place of Python's, for which no two threads can wait: of two "
                  "first requests one keeps the lock, and the process answers nobody until somebody restarts "
                  "it.",
      fix="threads = 1, and more processes", versions="as long as it is started by the script neutron-api",
      source="Neutron administrator guide, installing the API via WSGI (no threads, Apache's threads=1); "
             "eventlet issue 662; seen in a drill")
def threads_of_neutron(cloud: Cloud) -> Hits:
    for file, wsgi in _of_neutron(cloud):
        threads = wsgi.option("threads")
        script = wsgi.option("wsgi-file")
        if (script is not None and (script.value or "").rpartition("/")[2] == "neutron-api"
                and threads is not None and (threads.value or "").isdecimal() and threads.value != "1"):
            yield Hit(file.at(threads.line), f"{threads.value} threads in each process",
                      change=new_value("threads", threads.value or "", "1"))


def _of_neutron(cloud: Cloud) -> Iterator[tuple[File, Wsgi]]:
    """Debian's own file is in force only where no other is beside it."""
    found = [(file, wsgi) for file, wsgi in cloud.documents(Wsgi) if project_of(file.path) == "neutron"]
    others = {file.node for file, _ in found if not file.path.endswith(f"/{_DEBIANS}")}
    return ((file, wsgi) for file, wsgi in found
            if file.node not in others or not file.path.endswith(f"/{_DEBIANS}"))
