"""Certificates by which an arbitrator (corosync-qnetd) and the members that it serves know each other.

An authority of their own vouches for both, and its key is forgotten at once: nobody can be added later.
Names and lifetime are those of ``corosync-qnetd-certutil``: qdevice looks for ``Qnetd Server``, qnetd for the
name of the cluster.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

AUTHORITY, ARBITRATOR = "QNet CA", "Qnetd Server"
LIFETIME = timedelta(days=36500)
SKEW = timedelta(days=1)
_KEY_BITS = 3072


@dataclass(frozen=True, slots=True)
class QuorumCertificates:
    """Both as PEM: private key, certificate, and the authority's certificate, one after the other."""

    arbitrator: str
    member: str

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of both: what a diff of such a file would show."""
        return tuple(line for text in (self.arbitrator, self.member) for line in text.splitlines()
                     if line and not line.startswith("-"))

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Of ``as_json``; ValueError, KeyError or TypeError for anything else."""
        found = json.loads(text)
        return cls(str(found["arbitrator"]), str(found["member"]))


def made_for(cluster: str) -> QuorumCertificates:
    """New ones, for the members of the cluster of that name."""
    from cryptography.hazmat.primitives import serialization  # only here: it takes long to load
    from cryptography.hazmat.primitives.asymmetric import rsa

    pem = serialization.Encoding.PEM
    authority, *both = (rsa.generate_private_key(65537, _KEY_BITS) for _ in range(3))
    root = _certificate(AUTHORITY, authority, authority)

    def bundle(name: str, key: RSAPrivateKey) -> str:
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        certificate = _certificate(name, key, authority)
        return (private + certificate.public_bytes(pem) + root.public_bytes(pem)).decode()

    return QuorumCertificates(*map(bundle, (ARBITRATOR, cluster), both))


def _certificate(name: str, key: RSAPrivateKey, authority: RSAPrivateKey) -> x509.Certificate:
    """``key`` is called ``name``, says the authority: of itself where it is its own."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    itself, now = key is authority, datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=not itself, key_cert_sign=itself, crl_sign=itself, content_commitment=False,
        key_encipherment=not itself, data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False)
    return x509.CertificateBuilder().subject_name(named(name)).issuer_name(named(AUTHORITY)) \
        .public_key(key.public_key()).serial_number(x509.random_serial_number()) \
        .not_valid_before(now - SKEW).not_valid_after(now + LIFETIME) \
        .add_extension(x509.BasicConstraints(ca=itself, path_length=0 if itself else None), critical=True) \
        .add_extension(usage, critical=True).sign(authority, hashes.SHA256())
