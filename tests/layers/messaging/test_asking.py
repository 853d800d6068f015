"""Questions to a real Erlang node, as they are put to a broker."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fournines.layers.messaging.health import asking

# Erlang leaves a port mapper behind, which goes with these namespaces. $@ is the question.
SCENE = """
ip link set lo up
erl -name broker@127.0.0.1 -noshell -kernel inet_dist_listen_min 25672 inet_dist_listen_max 25672 &
tries=0
until echo 'ok.' | "$@" >/dev/null 2>&1 || [ $((tries += 1)) -gt 100 ]; do sleep 0.2; done
for number in 1 2 3; do
    echo 'timer:sleep(400), io:put_chars("answered\\n").' | "$@" &
    others="$others $!"
done
wait $others
"""


@pytest.mark.tool("erl_call", "erlang-base")
def test_who_asks_at_the_same_time_is_answered_too(tool: str, tmp_path: Path) -> None:
    """An apply has several steps under way, and beside it somebody verifies."""
    if os.getuid():
        pytest.skip("needs root for namespaces of its own")
    (tmp_path / ".erlang.cookie").write_text("of-a-test")
    (tmp_path / ".erlang.cookie").chmod(0o400)
    own = tmp_path / "questions"
    argv = [str(own) if word.startswith("/run/lock/") else word for word in asking("127.0.0.1").argv]
    done = subprocess.run(["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
                           "sh", "-c", SCENE, "sh", *argv], env={**os.environ, "HOME": str(tmp_path)},
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.split() == ["answered"] * 3, done.stderr
