"""What the operator's OpenSSH files say about a host."""

from __future__ import annotations

from pathlib import Path

from fournines.nodes.openssh import knows_host


def test_host_lines_patterns_negation_and_includes(tmp_path: Path) -> None:
    config, more = tmp_path / "config", tmp_path / "conf.d"
    more.mkdir()
    (more / "b.conf").write_text("host=ctl9\n")
    config.write_text(f'Include conf.d/*.conf\ninclude {more}/none\n# Host ctl7\nHost ctl? !ctl3 "db 1"\n'
                      "  HostName 10.0.0.1\nHost *\n  User me\nMatch host ctl4x\nHost \"open\n")
    known = [name for name in ("ctl1", "ctl3", "ctl9", "db 1", "web", "ctl4x", "ctl77") if
             knows_host((config,), name)]
    assert known == ["ctl1", "ctl9", "db 1"]


def test_a_file_that_includes_itself_ends(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Include config\nHost ctl1\n")
    assert knows_host((config,), "ctl1")
    assert not knows_host((config,), "ctl2")
