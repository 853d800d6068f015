"""Runs in a tree of Debian's packages: prints what their entry points ``oslo.config.opts`` list, as JSON.

These are what oslo-config-generator writes sample files from: functions that return (group, [options]).
"""

import gzip
import json
import subprocess
import sys
import traceback
from importlib.metadata import distributions
from pathlib import Path

GROUP = "oslo.config.opts"


def options(listed):
    """Of one entry point: rows of group, name, and where else it was: [[group, name], ...]."""
    for group, opts in listed:
        section = getattr(group, "name", group) or "DEFAULT"
        for opt in opts:
            yield section, opt.dest, [[old.group or section, (old.name or opt.dest).replace("-", "_")]
                                      for old in opt.deprecated_opts]


def of_packages(wanted=""):
    for distribution in distributions():
        for point in distribution.entry_points:
            if point.group == GROUP and wanted in ("", point.name):
                try:
                    rows = list(options(point.load()()))
                except Exception:
                    if wanted:
                        print(f"{point.name}: {traceback.format_exc(limit=-1)}", file=sys.stderr)
                        rows = None
                    else:
                        rows = alone(point.name)
                yield distribution.metadata["Name"], point.name, rows


def alone(name):
    """In a process of its own: some load only where others were not loaded before. None where it fails."""
    told = subprocess.run([sys.executable, __file__, "--only", name], stdout=subprocess.PIPE,
                          check=True).stdout
    listed = [rows for _, _, rows in json.loads(told)]
    return None if None in listed else [row for rows in listed for row in rows]


def of_login():
    """Options of every authentication plugin of keystoneauth: they stand where auth_type does."""
    from keystoneauth1 import loading

    names = set()
    for loader in loading.get_available_plugin_loaders().values():
        for opt in loader.get_options():
            names |= {opt.dest, *(old.name for old in opt.deprecated)}
    names |= {opt.dest for opt in loading.get_session_conf_options()}
    names |= {opt.dest for opt in loading.get_adapter_conf_options()}
    return sorted(name.replace("-", "_") for name in names)


def version(package):
    """With Debian's revision, from the changelog: a tree that was only unpacked has no dpkg status."""
    for name in ("changelog.Debian.gz", "changelog.gz"):
        path = Path("/usr/share/doc", package, name)
        if path.is_file():
            with gzip.open(path, "rt", encoding="utf-8") as text:
                return text.readline().split("(")[1].split(")")[0]
    return ""


if sys.argv[1:2] == ["--only"]:
    json.dump(list(of_packages(sys.argv[2])), sys.stdout)
    sys.exit()
json.dump({"listed": list(of_packages()), "login": of_login(),
           "packages": {package: version(package) for package in sys.argv[1:]}}, sys.stdout)
