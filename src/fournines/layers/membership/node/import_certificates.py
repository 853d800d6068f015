#!/usr/bin/python3
"""Puts key and certificates into the database in which Corosync's quorum device looks for them (NSS).

Usage: import_certificates.py arbitrator|member FILE, a PEM file of private key, certificate and the
certificate of the authority. The database is made anew beside the old one and takes its place whole; a note
in it says of which file it was made.
"""

import grp
import hashlib
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NOTE = "fournines"
AUTHORITY = "QNet CA"
BLOCK = re.compile(r"-----BEGIN ([A-Z ]+)-----\n.*?\n-----END \1-----\n", re.DOTALL)
# Where each looks, what its own certificate is called there, what the authority is trusted for, who reads it.
PLACES = {
    "arbitrator": (Path("/etc/corosync/qnetd/nssdb"), "QNetd Cert", "CT,,", "coroqnetd"),
    "member": (Path("/etc/corosync/qdevice/net/nssdb"), "Cluster Cert", "CT,c,c", "root"),
}


def main() -> int:
    place, name, trust, group = PLACES[sys.argv[1]]
    content = Path(sys.argv[2]).read_bytes()
    problem = foreign(place) if sys.argv[1] == "arbitrator" else ""
    if not problem:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".nssdb-") as folder:
            made = Path(folder, "nssdb")
            problem = make(made, content.decode().replace("\r\n", "\n"), name, trust)
            if not problem:
                (made / NOTE).write_text(hashlib.sha256(content).hexdigest() + "\n")
                give(made, grp.getgrnam(group).gr_gid)
                shutil.rmtree(place, ignore_errors=True)
                made.rename(place)
    if problem:
        print(problem, file=sys.stderr)
    return int(bool(problem))


def foreign(place: Path) -> str:
    """Empty, or who would lose their arbitrator: qnetd keeps what it has signed for others beside its key."""
    others = sorted(path.stem.removeprefix("cluster-") for path in place.glob("cluster-*.crt"))
    if not others or (place / NOTE).exists():
        return ""
    return (f"{place} holds certificates for {', '.join(others)}: leave it as it is, and write its address "
            "as arbitrator of layer membership instead of a node")


def make(database: Path, content: str, name: str, trust: str) -> str:
    """A new database; empty, or what is wrong with the certificates."""
    blocks = [(found[1], found[0]) for found in BLOCK.finditer(content)]
    keys = [text for kind, text in blocks if kind.endswith("PRIVATE KEY")]
    certificates = [text for kind, text in blocks if kind == "CERTIFICATE"]
    roots = [text for text in certificates if signed_by_itself(text)]
    if len(keys) != 1 or len(roots) != 1 or len(certificates) < 2:
        return (f"{len(keys)} private keys, {len(certificates)} certificates, {len(roots)} of them of an "
                "authority: there have to be a key, its certificate, and that of the authority")
    database.mkdir()
    inside, outside = database / "pwdfile.txt", database.parent / "password"
    inside.write_text("\n")
    outside.write_text(secrets.token_hex(16) + "\n")
    bundle, root, packed = (database.parent / each for each in ("bundle.pem", "root.pem", "packed.p12"))
    bundle.write_text(keys[0] + "".join(text for text in certificates if text not in roots))
    root.write_text(roots[0])
    in_it = ("-d", f"sql:{database}")
    for command in (
            ("certutil", "-N", *in_it, "-f", inside),
            ("certutil", "-A", *in_it, "-f", inside, "-n", AUTHORITY, "-t", trust, "-a", "-i", root),
            ("openssl", "pkcs12", "-export", "-in", bundle, "-name", name, "-out", packed,
             "-passout", f"file:{outside}"),
            ("pk12util", "-i", packed, *in_it, "-k", inside, "-w", outside)):
        said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if said.returncode:
            return f"{' '.join(map(str, command[:2]))}: {(said.stderr or said.stdout).strip()}"
    return ""


def signed_by_itself(certificate: str) -> bool:
    said = subprocess.run(["openssl", "x509", "-noout", "-subject_hash", "-issuer_hash"], input=certificate,
                          capture_output=True, text=True)
    return len(set(said.stdout.split())) == 1


def give(database: Path, group: int) -> None:
    """To root; its group may read it."""
    for path in (database, *database.iterdir()):
        os.chown(path, 0, group)
        path.chmod(0o750 if path.is_dir() else 0o640)


if __name__ == "__main__":
    sys.exit(main())
