"""Files of X.509 certificates in PEM (RFC 7468), as servers load them: their own first, then those that
signed it, with or without the private key. The key is not looked at, and nothing of it is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

from fournines.artifacts.document import Complain, refuse
from fournines.errors import Unparsable

_FORMAT = "PEM certificate"
_REFUSED = (ValueError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType,
            UnsupportedAlgorithm)   # what cryptography raises where it reads something strange
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----[^-]{1,100000}-----END CERTIFICATE-----")


@dataclass(frozen=True, slots=True)
class Certificate:
    """``names`` are the host names and addresses that it is for; a first label may be ``*``."""

    names: tuple[str, ...]
    expires: datetime
    serial: int

    def covers(self, host: str) -> bool:
        """Whether a client that asked for ``host`` takes it, by RFC 9525, section 6.3."""
        wanted = host.lower().rstrip(".")
        _, _, domain = wanted.partition(".")
        return any(name in (wanted, f"*.{domain}") for name in self.names)


@dataclass(frozen=True, slots=True)
class Document:
    """In the order of the file."""

    certificates: tuple[Certificate, ...]


def parse(text: str, complain: Complain = refuse) -> Document:
    """A file without any certificate, as of a key alone, is an empty document."""
    found = []
    for block in _BLOCK.finditer(text):
        try:
            found.append(_certificate(block[0]))
        except _REFUSED as problem:
            complain(Unparsable(_FORMAT, text.count("\n", 0, block.start()) + 1,
                                " ".join(str(problem).split())))
    return Document(tuple(found))


def _certificate(pem: str) -> Certificate:
    read = x509.load_pem_x509_certificate(pem.encode(errors="replace"))
    return Certificate(_names(read), read.not_valid_after_utc.astimezone(UTC), read.serial_number)


def _names(read: x509.Certificate) -> tuple[str, ...]:
    """Those of the extension; only without it, which clients no longer take, that of the subject."""
    try:
        alternative = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        common = read.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return tuple(str(each.value).lower() for each in common)
    return (*(name.lower() for name in alternative.get_values_for_type(x509.DNSName)),
            *(str(address) for address in alternative.get_values_for_type(x509.IPAddress)))
