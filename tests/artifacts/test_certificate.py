"""Certificates as servers load them, and whom they are for."""

from __future__ import annotations

from base64 import b64decode, encodebytes
from datetime import timedelta

import pytest
from tests.audit.faults.certificates import pem
from tests.audit.planting import READ_AT

from fournines.artifacts import certificate
from fournines.errors import Unparsable


def test_the_servers_own_comes_first_and_the_key_is_passed_over() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n-----END PRIVATE KEY-----\n"
    own, authority = pem(30, "api.example", "10.0.0.1", serial=7), pem(300, serial=8)
    read = certificate.parse(key + own + authority)
    assert [each.serial for each in read.certificates] == [7, 8]
    assert read.certificates[0].names == ("api.example", "10.0.0.1")
    assert read.certificates[0].expires == READ_AT + timedelta(days=30)
    assert "MC4CAQ" not in repr(read)
    assert certificate.parse(key).certificates == ()


@pytest.mark.parametrize(("host", "covered"), [
    ("api.cloud.example", True), ("API.cloud.example.", True), ("cloud.example", False),
    ("a.api.cloud.example", False), ("10.0.0.1", True), ("10.0.0.2", False), ("other.example", True)])
def test_a_star_stands_for_one_label(host: str, covered: bool) -> None:
    (read,) = certificate.parse(pem(30, "*.cloud.example", "other.example", "10.0.0.1")).certificates
    assert read.covers(host) is covered


def test_without_alternative_names_the_subjects_is_what_there_is() -> None:
    (read,) = certificate.parse(pem(30)).certificates
    assert read.names == ("api.example",)


def test_what_is_none_is_refused_at_its_line() -> None:
    with pytest.raises(Unparsable) as refused:
        certificate.parse("\n-----BEGIN CERTIFICATE-----\nabc=\n-----END CERTIFICATE-----\n")
    assert refused.value.line == 2


def test_one_of_a_version_that_is_none_is_refused() -> None:
    """Found by atheris: cryptography has errors of its own that are no ValueError."""
    body = "".join(pem(30).splitlines()[1:-1])
    strange = b64decode(body).replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x06", 1)
    text = f"-----BEGIN CERTIFICATE-----\n{encodebytes(strange).decode()}-----END CERTIFICATE-----\n"
    with pytest.raises(Unparsable, match="version"):
        certificate.parse(text)
