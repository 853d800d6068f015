"""How a service that is a WSGI application is served: uWSGI, as Debian does it, bound to one address.

Debian's own start scripts bind every address, and would collide with a load balancer on the VIP.
"""

from __future__ import annotations

from dataclasses import dataclass

from fournines.artifacts import ini
from fournines.cluster.topology import Node
from fournines.layers.api import settings
from fournines.layers.layer import Site

THREADS = 8


@dataclass(frozen=True, slots=True)
class Application:
    """``user`` also names the home directory; ``arguments`` are the application's own, for those that take
    their configuration files from there. One that is ``threaded`` serves several requests in each process;
    one that is not has twice as many processes."""

    user: str
    name: str
    script: str
    port: int
    arguments: str = ""
    threaded: bool = True


def command(path: str) -> tuple[str, ...]:
    """What the unit runs, with the settings at ``path``."""
    return ("/usr/bin/uwsgi_python3", "--ini", path)


def emit(site: Site, node: Node, application: Application) -> bytes:
    """uWSGI's settings file."""
    arguments = {"pyargv": application.arguments} if application.arguments else {}
    workers = settings.spec_of(site.cluster).workers
    return ini.emit(ini.uwsgi({"uwsgi": {
        "plugins": "python3",
        "http-socket": f"{settings.listening(site, node)}:{application.port}",
        "wsgi-file": application.script,
        **arguments,
        "name": application.name,
        "chdir": f"/var/lib/{application.user}",
        "master": True,
        "processes": workers if application.threaded else 2 * workers,
        "threads": THREADS if application.threaded else 1,
        "enable-threads": True,
        "thunder-lock": True,
        "lazy-apps": True,          # each worker opens its own database connections
        "no-orphans": True,
        "die-on-term": True,        # uWSGI would restart on SIGTERM otherwise
        "need-app": True,           # without the application it would stay and answer 500
        "buffer-size": 65535,       # tokens and catalogues in headers exceed the default 4096
        "listen": 100,
        "disable-logging": True,    # health checks of every balancer, every second
        "log-5xx": True,
    }})).encode()
