"""The store makes each secret once, keeps it to itself, and is never replaced unread."""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

import pytest

from fournines.cluster import secrets
from fournines.cluster.certificates import QuorumCertificates
from fournines.cluster.fernet import FernetKeys
from fournines.cluster.identity import IdentityFile, create_identity, identity_file
from fournines.cluster.needs import SecretKind, SecretNeed
from fournines.cluster.secrets import SecretStore, given_by, open_store
from fournines.errors import SecretsError

NEEDS = (SecretNeed("database.root", SecretKind.PASSWORD),
         SecretNeed("messaging.cookie", SecretKind.ERLANG_COOKIE),
         SecretNeed("keystone.fernet", SecretKind.FERNET_KEYS))


@pytest.fixture
def identity(tmp_path: Path) -> IdentityFile:
    return IdentityFile(tmp_path / "config" / "identity.txt")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".fournines" / "demo" / "secrets.age"


@pytest.fixture
def store(path: Path, identity: IdentityFile) -> SecretStore:
    return open_store(path, identity)


def test_secrets_are_made_once(store: SecretStore, path: Path, identity: IdentityFile) -> None:
    first = store.ensure(NEEDS[:2])
    both = store.ensure(NEEDS)
    assert both.keys() == {need.name for need in NEEDS}
    assert {name: both[name] for name in first} == first
    assert open_store(path, identity).ensure(NEEDS) == both


def test_secrets_are_strong_and_safe_to_write_anywhere(store: SecretStore) -> None:
    made = store.ensure(NEEDS)
    assert re.fullmatch(r"[A-Za-z0-9]{32}", made["database.root"])
    assert re.fullmatch(r"[A-Za-z0-9]{32}", made["messaging.cookie"])
    keys = FernetKeys.from_json(made["keystone.fernet"]).keys
    assert len({made["database.root"], made["messaging.cookie"], *keys}) == 4


def test_files_are_private_and_the_store_is_encrypted(store: SecretStore, path: Path,
                                                      identity: IdentityFile) -> None:
    made = store.ensure(NEEDS)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert identity.path.stat().st_mode & 0o777 == 0o600
    sealed = path.read_bytes()
    assert sealed.startswith(b"age-encryption.org/v1")
    assert not any(value.encode() in sealed for value in made.values())
    assert [entry.name for entry in path.parent.iterdir()] == ["secrets.age"]


def test_nothing_needed_writes_nothing(store: SecretStore, path: Path) -> None:
    assert store.ensure(()) == {}
    assert not path.exists()


def test_a_new_identity_is_announced_once(path: Path, identity: IdentityFile) -> None:
    first, second = open_store(path, identity), open_store(path, identity)
    assert len(first.notes) == 1
    assert str(identity.path) in first.notes[0]
    assert "Back it up" in first.notes[0]
    assert second.notes == ()


def test_two_runs_at_once_agree(path: Path, identity: IdentityFile) -> None:
    one, other = open_store(path, identity), open_store(path, identity)
    assert one.ensure(NEEDS[:2]) == other.ensure(NEEDS[:2])
    assert other.ensure(NEEDS) == one.ensure(NEEDS)


def test_rotation_stages_a_new_key(store: SecretStore, path: Path, identity: IdentityFile) -> None:
    before = FernetKeys.from_json(store.ensure(NEEDS)["keystone.fernet"])
    store.rotate_fernet_keys("keystone.fernet")
    after = FernetKeys.from_json(open_store(path, identity).ensure(NEEDS)["keystone.fernet"])
    assert after.primary == before.staged
    assert before.primary in after.keys
    assert after.staged not in before.keys


def test_only_fernet_keys_rotate(store: SecretStore) -> None:
    store.ensure(NEEDS)
    with pytest.raises(SecretsError, match=r"no Fernet keys called database\.root"):
        store.rotate_fernet_keys("database.root")


def test_every_secret_and_every_key_is_masked(store: SecretStore) -> None:
    made = store.ensure(NEEDS)
    keys = FernetKeys.from_json(made["keystone.fernet"]).keys
    said = f"password={made['database.root']} cookie={made['messaging.cookie']} keys={', '.join(keys)}"
    masked = store.mask(said)
    assert not any(value in masked for value in (*made.values(), *keys))
    assert masked == "password=******** cookie=******** keys=********, ********"


def test_rotated_keys_are_masked_too(store: SecretStore) -> None:
    store.ensure(NEEDS)
    store.rotate_fernet_keys("keystone.fernet")
    staged = FernetKeys.from_json(store.ensure(NEEDS)["keystone.fernet"]).staged
    assert store.mask(staged) == "********"


def test_the_repr_tells_nothing(store: SecretStore) -> None:
    made = store.ensure(NEEDS)
    assert not any(value in repr(store) for value in made.values())


def test_another_identity_cannot_open_it(store: SecretStore, path: Path, tmp_path: Path) -> None:
    store.ensure(NEEDS)
    before = path.read_bytes()
    create_identity(tmp_path / "other.txt")
    with pytest.raises(SecretsError, match="encrypted for another identity") as refused:
        open_store(path, IdentityFile(tmp_path / "other.txt"))
    assert "FOURNINES_IDENTITY" in refused.value.hint
    assert path.read_bytes() == before


def test_a_lost_identity_is_not_replaced_by_a_new_one(store: SecretStore, path: Path,
                                                      identity: IdentityFile) -> None:
    store.ensure(NEEDS)
    identity.path.unlink()
    with pytest.raises(SecretsError, match="that opens it is not") as refused:
        open_store(path, identity)
    assert "backup" in refused.value.hint
    assert not identity.path.exists()


@pytest.mark.parametrize("damage", [lambda sealed: sealed[:40], lambda sealed: b"", lambda sealed: b"x" * 300,
                                    lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1])])
def test_a_damaged_store_is_refused_and_left(store: SecretStore, path: Path, identity: IdentityFile,
                                             damage: object) -> None:
    store.ensure(NEEDS[:1])
    assert callable(damage)
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)
    with pytest.raises(SecretsError, match="damaged"):
        open_store(path, identity)
    with pytest.raises(SecretsError, match="damaged"):
        store.ensure(NEEDS)
    assert path.read_bytes() == damaged


@pytest.mark.parametrize("plain", [b"[]", b"{}", b"\xff", b'{"version": 1, "secrets": {"a": "b"}}',
                                   b'{"version": 1, "secrets": {"a": {"kind": "new", "value": "v"}}}'])
def test_a_store_with_other_content_is_refused(path: Path, identity: IdentityFile, plain: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(create_identity(identity.path).encrypt(plain))
    with pytest.raises(SecretsError, match="damaged"):
        open_store(path, identity)


def test_a_store_of_another_version_is_refused(path: Path, identity: IdentityFile) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(create_identity(identity.path).encrypt(b'{"version": 2, "secrets": {}}'))
    with pytest.raises(SecretsError, match="another version"):
        open_store(path, identity)


def test_an_identity_that_others_can_read_is_refused(store: SecretStore, path: Path,
                                                     identity: IdentityFile) -> None:
    identity.path.chmod(0o644)
    with pytest.raises(SecretsError, match=r"read by others \(mode 0644\)") as refused:
        open_store(path, identity)
    assert f"chmod 600 {identity.path}" in refused.value.hint


@pytest.mark.parametrize("content", [b"", b"# only a comment\n", b"AGE-SECRET-KEY-1NOPE\n", b"\xff\xfe\x00"])
def test_what_is_not_an_identity_is_refused_without_quoting_it(path: Path, identity: IdentityFile,
                                                               content: bytes) -> None:
    identity.path.parent.mkdir()
    identity.path.write_bytes(content)
    identity.path.chmod(0o600)
    with pytest.raises(SecretsError, match="is not an age identity") as refused:
        open_store(path, identity)
    assert "1NOPE" not in str(refused.value)


def test_a_named_identity_that_is_missing_is_not_made(path: Path, tmp_path: Path) -> None:
    named = identity_file({"FOURNINES_IDENTITY": str(tmp_path / "typo.txt")}, tmp_path)
    with pytest.raises(SecretsError, match="No such file"):
        open_store(path, named)
    assert not (tmp_path / "typo.txt").exists()


def test_the_usual_identity_is_in_the_home_directory(tmp_path: Path) -> None:
    assert identity_file({}, tmp_path) == IdentityFile(tmp_path / ".config/fournines/identity.txt")


def test_a_need_of_another_kind_is_refused(store: SecretStore) -> None:
    store.ensure(NEEDS)
    with pytest.raises(SecretsError, match="stored as password, but fernet-keys is needed"):
        store.ensure([SecretNeed("database.root", SecretKind.FERNET_KEYS)])


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path, identity: IdentityFile) -> None:
    (tmp_path / "demo").write_text("a file where the directory should be")
    store = open_store(tmp_path / "demo" / "secrets.age", identity)
    with pytest.raises(SecretsError, match="cannot be used"):
        store.ensure(NEEDS)


def test_a_run_that_holds_the_store_is_waited_for_only_so_long(store: SecretStore, path: Path,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_LOCK_TIMEOUT_S", 0.1)
    path.parent.mkdir(parents=True)
    held = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(SecretsError, match="another run"):
            store.ensure(NEEDS)
    finally:
        os.close(held)
    assert store.ensure(NEEDS)


def test_what_is_given_is_kept_until_it_is_given_anew(store: SecretStore, path: Path,
                                                      identity: IdentityFile) -> None:
    needs = (SecretNeed("fencing.bmc", SecretKind.GIVEN),)
    with pytest.raises(SecretsError) as refused:
        store.ensure(needs)
    assert "FOURNINES_SECRET_FENCING_BMC" in refused.value.hint
    assert not path.exists()
    given = given_by({"FOURNINES_SECRET_FENCING_BMC": "calvin", "FOURNINES_SECRET_OTHER": "x"}, needs)
    assert store.ensure(needs, given) == {"fencing.bmc": "calvin"}
    assert open_store(path, identity).ensure(needs) == {"fencing.bmc": "calvin"}
    assert "calvin" not in store.mask("login calvin")
    assert store.ensure(needs, {"fencing.bmc": "hobbes"}) == {"fencing.bmc": "hobbes"}


def test_certificates_are_made_for_their_subject_once_and_masked_line_by_line(
        store: SecretStore, path: Path, identity: IdentityFile) -> None:
    need = SecretNeed("membership.arbitrator", SecretKind.QUORUM_CERTIFICATES, "demo")
    made = QuorumCertificates.from_json(store.ensure([need])[need.name])
    assert open_store(path, identity).ensure([need]) == {need.name: made.as_json()}
    key = made.member.split("-----")[2]
    diff = "".join(f"+{line}\n" for line in key.strip().splitlines())
    assert not any(line in store.mask(diff) for line in key.strip().splitlines())
