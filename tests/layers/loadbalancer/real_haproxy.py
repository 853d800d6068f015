"""A scene around a real HAProxy with our configuration, in a network namespace of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

needed = pytest.mark.skipif(not shutil.which("haproxy") or os.getuid() != 0,
                            reason="needs haproxy, and root for a network namespace")


def play(scene: Path, text: str, folder: Path) -> dict[str, Any]:
    """What the scene prints, a program that takes the configuration as its argument. Both of the site's
    networks are 127.42.0.0 there."""
    text = re.sub(r"\b(192\.168|10\.0)\.42\.", "127.42.0.", text)
    text = re.sub(r"^\s*(log|chroot|user|group|stats) .*\n", "", text, flags=re.MULTILINE)
    file = folder / "haproxy.cfg"
    file.write_text(text)
    done = subprocess.run(["unshare", "--net", sys.executable, scene, file], text=True, capture_output=True,
                          timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told
