from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fournines.engine.difference import masked_diff

SECRET = "Zq7-new-secret"


def mask(text: str) -> str:
    return text.replace(SECRET, "********")


def test_plain_changes_are_shown_with_their_surroundings() -> None:
    diff = masked_diff("/etc/a", b"one\ntwo\nthree\n", b"one\n2\nthree\n", mask)
    assert diff.splitlines()[2:] == ["@@ -1,3 +1,3 @@", " one", "-two", "+2", " three"]


def test_a_former_secret_is_hidden_although_nobody_knows_it_any_more() -> None:
    new = f"user = y\npassword = {SECRET}\n".encode()
    diff = masked_diff("/etc/a", b"user = x\npassword = former\n", new, mask)
    assert "former" not in diff
    assert SECRET not in diff
    assert "-user = x\n" in diff


def test_where_a_secret_has_its_own_line_no_old_line_is_shown() -> None:
    diff = masked_diff("/etc/a", b"former\nother\n", f"{SECRET}\nother\n".encode(), mask)
    assert "former" not in diff


def test_what_is_not_text_has_no_diff() -> None:
    assert masked_diff("/etc/a", b"\xff\xfe", b"text", mask) == ""


@given(st.text(alphabet="ab =\n", max_size=30), st.text(alphabet="ab =\n", max_size=30),
       st.sampled_from(["password = ", "  key: ", "url=mysql://x:", ""]))
def test_no_diff_shows_the_secret_of_before_or_of_now(before: str, after: str, opening: str) -> None:
    old, new = f"{before}\n{opening}former-secret\n{after}", f"{after}\n{opening}{SECRET}\n{before}"
    diff = masked_diff("/etc/a", old.encode(), new.encode(), mask)
    assert SECRET not in diff
    assert "former-secret" not in diff
