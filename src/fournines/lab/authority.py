"""A certificate authority of one lab, for one certificate: that of its BMC. Its key is forgotten at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

LIFETIME = timedelta(days=365)   # of a lab: days
SKEW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """All PEM: the authority's certificate, and the key and certificate of who it vouches for."""

    authority: bytes
    certificate: bytes
    key: bytes


def make_authority(name: str, address: IPv4Address) -> Authority:
    """An authority called ``name`` that vouches for the service at ``address``, see RFC 5280."""
    from cryptography import x509  # only here: it takes longer to load than a plan takes to make
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def usage(*, signs: bool) -> x509.KeyUsage:
        return x509.KeyUsage(
            digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, content_commitment=False,
            key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
            decipher_only=False)

    now = datetime.now(UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_id = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    begun = x509.CertificateBuilder().issuer_name(named(name)).not_valid_before(now - SKEW) \
        .not_valid_after(now + LIFETIME)
    ca = begun.subject_name(named(name)).public_key(ca_key.public_key()) \
        .serial_number(x509.random_serial_number()) \
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True) \
        .add_extension(usage(signs=True), critical=True) \
        .add_extension(ca_id, critical=False).sign(ca_key, hashes.SHA256())
    certificate = begun.subject_name(named(str(address))).public_key(key.public_key()) \
        .serial_number(x509.random_serial_number()) \
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True) \
        .add_extension(usage(signs=False), critical=True) \
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False) \
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(address)]), critical=False) \
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False) \
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ca_id),
                       critical=False).sign(ca_key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    return Authority(ca.public_bytes(pem), certificate.public_bytes(pem),
                     key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
