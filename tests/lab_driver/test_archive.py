"""What `apt-get indextargets` prints, recorded on Debian 12 and shortened to the fields that matter."""

from __future__ import annotations

from fournines.lab.archive import ACCESS_SETTING, Archive, parse

STANZA = """MetaKey: {component}/binary-amd64/Packages
Codename: {suite}
Origin: {origin}
Component: {component}
Release: {suite}
Repo-URI: {uri}
{more}Target-Of: deb
"""


def stanza(uri: str, suite: str, component: str = "main", origin: str = "Debian", more: str = "") -> str:
    return STANZA.format(uri=uri, suite=suite, component=component, origin=origin, more=more)


def test_the_release_its_updates_and_its_security_updates_are_found() -> None:
    targets = "\n".join(stanza(f"http://mirror.example/{where}", suite) for where, suite in [
        ("debian", "bookworm"), ("debian", "bookworm-updates"), ("debian-security", "bookworm-security")])

    assert [str(archive) for archive in parse(targets, "bookworm")] == [
        "deb http://mirror.example/debian bookworm main",
        "deb http://mirror.example/debian bookworm-updates main",
        "deb http://mirror.example/debian-security bookworm-security main"]


def test_components_of_one_suite_become_one_line_and_keep_their_keyring() -> None:
    signed = "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    targets = "\n".join(stanza("http://mirror.example/debian", "bookworm", component, more=signed)
                        for component in ("main", "contrib"))

    assert parse(targets, "bookworm") == (Archive(
        "http://mirror.example/debian", "bookworm", ("contrib", "main"),
        "/usr/share/keyrings/debian-archive-keyring.gpg"),)
    assert "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" in str(parse(targets, "bookworm")[0])


def test_third_parties_and_other_releases_are_left_out() -> None:
    targets = "\n".join([
        stanza("https://deb.vendor.example", "bookworm", origin="Vendor"),
        stanza("http://mirror.example/debian", "trixie"),
        stanza("http://mirror.example/debian", "bookworm-backports"),
        stanza("http://mirror.example/debian", "bookworm")])

    assert [archive.suite for archive in parse(targets, "bookworm")] == ["bookworm"]


def test_how_apt_reaches_its_mirror_is_carried_over_and_nothing_else() -> None:
    dump = ('APT::Install-Recommends "1";\nAcquire "";\nAcquire::http::Proxy "http://cache.example:3142";\n'
            'Acquire::https::CaInfo "/etc/ssl/ca.pem";\nAcquire::IndexTargets::deb::Optional "0";\n'
            'Acquire::Check-Valid-Until "false";\n')

    assert [name for name, _ in ACCESS_SETTING.findall(dump)] == [
        "Acquire::http::Proxy", "Acquire::https::CaInfo", "Acquire::Check-Valid-Until"]
