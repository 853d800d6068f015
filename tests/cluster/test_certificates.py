"""Certificates of an arbitrator and its members: whom they name, and who vouches for them."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from fournines.cluster.certificates import LIFETIME, QuorumCertificates, made_for


@pytest.fixture(scope="module")
def made() -> QuorumCertificates:
    return made_for("demo")


def parts(bundle: str) -> tuple[bytes, x509.Certificate, x509.Certificate]:
    """The public half of the key, the certificate, the authority's."""
    own, authority = x509.load_pem_x509_certificates(bundle[bundle.index("-----BEGIN CERT"):].encode())
    key = load_pem_private_key(bundle.encode(), None).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), own, authority


@pytest.mark.parametrize(("role", "name"), [("arbitrator", "Qnetd Server"), ("member", "demo")])
def test_each_is_named_as_the_other_side_expects(made: QuorumCertificates, role: str, name: str) -> None:
    key, own, authority = parts(getattr(made, role))
    assert own.subject.rfc4514_string() == f"CN={name}"
    assert own.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == key
    own.verify_directly_issued_by(authority)
    assert own.not_valid_after_utc - own.not_valid_before_utc > LIFETIME


def test_one_authority_vouches_for_both_and_its_key_is_nowhere(made: QuorumCertificates) -> None:
    first, second = (parts(bundle)[2] for bundle in (made.arbitrator, made.member))
    assert first == second
    for bundle in (made.arbitrator, made.member):
        assert bundle.count("PRIVATE KEY-----\n") == 2   # one key: its first and its last line
        assert parts(bundle)[0] != first.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_what_is_kept_is_read_again(made: QuorumCertificates) -> None:
    assert QuorumCertificates.from_json(made.as_json()) == made
    assert "-----BEGIN" not in "".join(made.lines)
