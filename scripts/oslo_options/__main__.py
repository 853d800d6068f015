"""Writes src/fournines/audit/knowledge/options.json: which options OpenStack services know, by release.

    PYTHONPATH=src python scripts/oslo_options

Unpacks packages of three releases of Debian, with what they depend on, through this machine's own apt into
trees that are removed again, and runs listing.py in each. Needs root and mmdebstrap; minutes.
"""

import json
import shlex
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from fournines.audit.formats import SERVICES
from fournines.lab.archive import access_settings, archives

HERE = Path(__file__).parent
KEPT = HERE.parents[1] / "src" / "fournines" / "audit" / "knowledge" / "options.json"
HOST = "bookworm"   # whose sources this machine's apt has: the others are asked of the same mirror
RELEASES = (("Victoria", "11", "bullseye"), ("Zed", "12", "bookworm"), ("Epoxy", "13", "trixie"))
MISSING = {"bullseye": {"masakari", "trove"}, "trixie": {"sahara"}}
"""Services of which a release of Debian has no package."""

BESIDES = ("python3-neutron-vpnaas", "python3-neutron-dynamic-routing", "python3-neutron-taas",
           "python3-networking-bagpipe", "python3-networking-bgpvpn", "python3-networking-l2gw",
           "python3-networking-sfc", "python3-pykmip", "python3-pymysql", "python3-zaqarclient",
           "ca-certificates", "grep")
"""What brings options of its own to a service's files, or is needed to load a service's."""

ENVIRONMENT = ("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
               "LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu/blas:/usr/lib/x86_64-linux-gnu/lapack")
"""Nothing of this computer's; nobody has set up Debian's alternatives in a tree that was only unpacked."""

NOT_A_SERVICE_S = ("heat_integrationtests.common.config",)
"""Lists that need not be had: of tests, which no service reads."""


def listed(codename, work):
    """What listing.py prints in a tree of that release."""
    packages = [f"python3-{service}" for service in SERVICES if service not in MISSING.get(codename, ())]
    sources, access = work / f"{codename}.list", work / "access.conf"
    found = [replace(archive, suite=codename) for archive in archives(HOST) if archive.suite == HOST]
    sources.write_text("".join(f"{archive}\n" for archive in found))
    access.touch(0o600)
    access.write_text(access_settings())
    out = work / f"{codename}.json"
    command = shlex.join(["python3", "/tmp/listing.py", *packages, *BESIDES])  # noqa: S108  of the tree
    subprocess.run(
        ["mmdebstrap", "--mode=root", "--format=null", "--variant=extract", f"--aptopt={access}",
         '--aptopt=APT::Install-Recommends "false"', '--aptopt=Acquire::Languages "none"',
         f"--include={','.join((*packages, *BESIDES))}",
         '--setup-hook=mkdir -p "$1/proc" "$1/sys"',   # those of base-files, which is not among them
         '--extract-hook=for name in lib lib64; do [ -e "$1/$name" ] || ln -s usr/$name "$1/$name"; done',
         '--extract-hook=mkdir -p "$1/etc/ssl/certs" && cat "$1"/usr/share/ca-certificates/mozilla/*.crt '
         '> "$1/etc/ssl/certs/ca-certificates.crt"',   # which some modules read when they are loaded
         f"--extract-hook=copy-in {HERE / 'listing.py'} /tmp",
         f'--extract-hook={shlex.join(ENVIRONMENT)} chroot "$1" {command} > {shlex.quote(str(out))}',
         codename, "/dev/null", str(sources)],
        check=True)
    return json.loads(out.read_text(encoding="utf-8"))


def owner(distribution):
    """The service whose files alone have these options; empty for a library, whose options any may have."""
    name = distribution.lower().replace("_", "-").split(".")[0]
    name = {"openstack-heat": "heat"}.get(name, name)
    return "neutron" if name.startswith(("neutron-", "networking-")) and name != "neutron-lib" \
        else name if name in SERVICES else ""


def normal(section):
    """Sections are the same in any case, but for DEFAULT."""
    return section if section == "DEFAULT" else section.lower()


def main():
    known = defaultdict(int)     # (owner, section, name) -> bits of releases
    moved = {}                   # (owner, old section, old name) -> [bits, section and name]
    login, releases, incomplete = set(), [], set()
    with tempfile.TemporaryDirectory() as name:
        for number, (release, debian, codename) in enumerate(RELEASES):
            told = listed(codename, Path(name))
            versions = {package: each for package, each in told["packages"].items() if each}
            releases.append({"release": release, "debian": debian, "packages": versions})
            login |= set(told["login"])
            for distribution, point, rows in told["listed"]:
                of = owner(distribution)
                if rows is None:
                    incomplete |= {of} if point not in NOT_A_SERVICE_S else set()
                    continue
                for section, option, olds in rows:
                    known[of, normal(section), option] |= 1 << number
                    for old_section, old in olds:
                        bits = moved.get((of, normal(old_section), old), (0, ""))[0]
                        moved[of, normal(old_section), old] = (bits | 1 << number, f"{section} {option}")
            print(f"{release}: {len(told['listed'])} lists of options", file=sys.stderr)
    services = sorted({of for of, _, _ in known if of in SERVICES} - incomplete)
    KEPT.write_text(written(releases, services, known, moved, sorted(login)), encoding="utf-8")
    print(f"{len(known)} options, {len(moved)} old names in {KEPT}; incomplete, and so not judged: "
          f"{', '.join(sorted(set(SERVICES) - set(services))) or 'none'}")


def written(releases, services, known, moved, login):
    """A line for each section of each service: names, after the releases that know them as a digit."""
    sections = defaultdict(lambda: defaultdict(list))
    for (of, section, option), bits in sorted(known.items()):
        sections[of, section][str(bits)].append(option)
    names = defaultdict(dict)
    for (of, section, old), (bits, new) in sorted(moved.items()):
        names[of, section][old] = f"{bits} {new}"
    lines = ['{"releases": ' + json.dumps(releases), '"services": ' + json.dumps(" ".join(services)),
             '"login": ' + json.dumps(" ".join(login))]
    for title, rows in (("known", {key: {bits: " ".join(each) for bits, each in groups.items()}
                                   for key, groups in sections.items()}), ("moved", names)):
        body = ",\n".join(f"{json.dumps(f'{of} {section}')}: {json.dumps(row)}"
                          for (of, section), row in sorted(rows.items()))
        lines.append(f'"{title}": {{\n{body}}}')
    return ",\n".join(lines) + "}\n"


if __name__ == "__main__":
    main()
