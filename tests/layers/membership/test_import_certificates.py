"""The script that brings certificates to where Corosync's quorum device looks for them, against NSS."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fournines.cluster.certificates import QuorumCertificates, made_for
from fournines.layers.membership.node import import_certificates

pytestmark = pytest.mark.tool("certutil", "libnss3-tools")
Import = Callable[[str, str], tuple[int, Path]]


@pytest.fixture(scope="module")
def made() -> QuorumCertificates:
    return made_for("demo")


@pytest.fixture
def brought(tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Import:
    """What the script ended with for this role and content, and where it put it."""
    places = {role: (tmp_path / role / "nssdb", *rest[:-1], "root")
              for role, (_, *rest) in import_certificates.PLACES.items()}
    monkeypatch.setattr(import_certificates, "PLACES", places)

    def bring(role: str, content: str) -> tuple[int, Path]:
        bundle = tmp_path / "bundle.pem"
        bundle.write_bytes(content.encode())
        monkeypatch.setattr(sys, "argv", ["import_certificates.py", role, str(bundle)])
        return import_certificates.main(), places[role][0]

    return bring


def nss(tool: str, database: Path, *what: str) -> str:
    """What certutil says of a database; with ``-V``, whether a certificate can be used for something."""
    said = subprocess.run([tool, *what, "-d", f"sql:{database}"], capture_output=True, text=True, check=False)
    return f"{said.stdout}{said.stderr}"


@pytest.mark.parametrize(("role", "name", "use"), [
    ("arbitrator", "QNetd Cert", "V"), ("member", "Cluster Cert", "C")])   # a TLS server, a TLS client
def test_nss_finds_key_and_certificate_by_their_usual_names(
        tool: str, made: QuorumCertificates, brought: Import, role: str, name: str, use: str) -> None:
    code, database = brought(role, getattr(made, role))
    assert code == 0
    assert nss(tool, database, "-V", "-n", name, "-u", use) == "certutil: certificate is valid\n"
    assert name in nss(tool, database, "-K", "-f", str(database / "pwdfile.txt"))
    assert {path.stat().st_mode & 0o777 for path in database.iterdir()} == {0o640}
    assert [path.name for path in database.parent.iterdir()] == ["nssdb"]   # no key lies around


def test_what_certutil_prints_is_read_too_and_noted_as_it_is(
        made: QuorumCertificates, brought: Import) -> None:
    """Its lines end as those of mail do."""
    printed = made.member.replace("\n", "\r\n")
    code, database = brought("member", printed)
    assert code == 0
    assert (database / "fournines").read_text() == f"{hashlib.sha256(printed.encode()).hexdigest()}\n"


def test_other_certificates_take_the_place_of_the_old_ones(
        tool: str, made: QuorumCertificates, brought: Import) -> None:
    _, database = brought("member", made.member)
    before = nss(tool, database, "-L", "-n", "Cluster Cert"), (database / "fournines").read_text()
    _, database = brought("member", made_for("demo").member)
    after = nss(tool, database, "-L", "-n", "Cluster Cert"), (database / "fournines").read_text()
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_an_arbitrator_of_others_is_left_alone(
        made: QuorumCertificates, brought: Import, tmp_path: Path,
        capsys: pytest.CaptureFixture[str]) -> None:
    theirs = tmp_path / "arbitrator" / "nssdb"
    theirs.mkdir(parents=True)
    (theirs / "cluster-shop.crt").write_text("signed for the cluster shop")
    assert brought("arbitrator", made.arbitrator) == (1, theirs)
    assert [path.name for path in theirs.iterdir()] == ["cluster-shop.crt"]
    assert "holds certificates for shop" in capsys.readouterr().err


@pytest.mark.parametrize("lacks", ["PRIVATE KEY", "CERTIFICATE"])
def test_a_bundle_that_lacks_something_changes_nothing(
        made: QuorumCertificates, brought: Import, lacks: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, database = brought("member", made.member)
    before = (database / "fournines").read_text()
    code, _ = brought("member", made.member.replace(f"BEGIN {lacks}", "BEGIN NOTHING"))
    assert code == 1
    assert "there have to be a key, its certificate, and that of the authority" in capsys.readouterr().err
    assert (database / "fournines").read_text() == before


def test_a_key_that_is_not_the_certificates_is_refused(
        made: QuorumCertificates, brought: Import, capsys: pytest.CaptureFixture[str]) -> None:
    end = "-----END PRIVATE KEY-----\n"
    mixed = made.arbitrator.split(end)[0] + end + made.member.split(end)[1]
    code, database = brought("member", mixed)
    assert (code, database.exists()) == (1, False)
    assert "openssl pkcs12" in capsys.readouterr().err
