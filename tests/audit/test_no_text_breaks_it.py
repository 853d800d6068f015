"""No text in any file makes the audit fail, hang, or point outside of the file."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fournines.audit.judge import judge

from .faults import FAULTS
from .planting import PATHS, cloud, shown, unmarked

PIECES = tuple(dict.fromkeys(word for fault in FAULTS for texts in (fault.broken, fault.right)
                             for text in unmarked(texts).values()
                             for word in (*text.split("\n"), *text.split())))
lines = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=12)), max_size=5).map(" ".join)
texts = st.lists(st.one_of(st.sampled_from(PIECES), lines), max_size=12).map("\n".join)
names = st.builds(lambda node, kind: f"{node}{kind}", st.sampled_from(("", "ctl2 ", "ctl3 ")),
                  st.sampled_from(sorted(PATHS)))


@settings(max_examples=500)
@given(st.dictionaries(names, texts, max_size=5))
def test_any_files_are_judged(files: Mapping[str, str]) -> None:
    lengths = {shown(name): text.count("\n") + 1 for name, text in files.items()}
    for verdict in judge(cloud(files)).verdicts:
        assert verdict.place.line <= lengths[verdict.place.file]


@settings(max_examples=300)
@given(st.data())
def test_a_changed_fault_is_judged(data: st.DataObject) -> None:
    """Real files with a piece taken out, doubled or exchanged: nearer to what people write."""
    planted = unmarked(data.draw(st.sampled_from(FAULTS)).broken)
    name = data.draw(st.sampled_from(sorted(planted)))
    words = planted[name].split(" ")
    position = data.draw(st.integers(0, len(words) - 1))
    words[position] = data.draw(st.one_of(st.just(""), st.sampled_from(PIECES), st.text(max_size=5)))
    judge(cloud({**planted, name: " ".join(words)}))


@pytest.mark.parametrize(("kind", "text"), [
    ("haproxy", "listen a\n" + " server a 10.0.0.1:80 check\n" * 40_000),
    ("haproxy", "".join(f"backend b{n}\n server a 10.0.0.1:{n % 60000}\nfrontend f{n}\n default_backend "
                        f"b{n}\n"
                        for n in range(10_000))),
    ("haproxy", "# fournines: ignore HAP001 because x\n" * 50_000),
    ("nova", "[DEFAULT]\na = 1\n" + " more\n" * 300_000),
    ("keepalived", "a {\n" * 200_000),
    ("corosync", "a {\n" * 200_000),
    ("rabbitmq", "".join(f"cluster_partition_handlin{n} = 1\n" for n in range(50_000))),
    ("advanced", "[" * 200_000),
    ("my.cnf", "[mysqld]\n" + "!includedir /etc/mysql\n" * 20_000),
    ("memcached", "-l '" + "a" * 300_000),
])
def test_a_long_file_takes_no_time_that_grows_with_its_square(kind: str, text: str) -> None:
    begun = time.process_time()
    judge(cloud({kind: text}))
    assert time.process_time() - begun < 15
