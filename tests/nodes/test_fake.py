"""The fake has to behave as the agent does where tests rely on it."""

from __future__ import annotations

import base64

import pytest

from fournines.blueprint.requests import (
    Failed,
    FileFacts,
    InstallPackages,
    MakeDirectory,
    ReadFile,
    RemoveFile,
    Run,
    Unit,
    UnitFacts,
    WriteFile,
)
from fournines.errors import Unreachable
from fournines.nodes.fake import FakeFile, FakeNode, FakeUnit


async def test_files_are_written_looked_at_read_and_removed() -> None:
    node = FakeNode("ctl1")
    write = WriteFile("/etc/x", b"one", 0o600, "mysql", "mysql")
    first, again, facts, read, gone, after = await node.ask([
        write, write, FileFacts(("/etc/x", "/etc/y")), ReadFile("/etc/x"), RemoveFile("/etc/x"),
        RemoveFile("/etc/x")])
    assert (first, again) == ({"changed": True}, {"changed": False})
    assert isinstance(facts, dict)
    assert facts["/etc/y"] is None
    assert facts["/etc/x"] == FakeFile(b"one", 0o600, "mysql", "mysql").facts()
    assert read == {"content": base64.b64encode(b"one").decode(), "mode": 0o600, "owner": "mysql",
                    "group": "mysql"}
    assert (gone, after) == ({"changed": True}, {"changed": False})


async def test_a_directory_is_not_a_file() -> None:
    node = FakeNode("ctl1")
    made, refused = await node.ask([MakeDirectory("/srv/x"), WriteFile("/srv/x", b"")])
    assert made == {"changed": True}
    assert refused == Failed("/srv/x is a directory")


async def test_units_start_and_get_a_new_process_at_each_restart() -> None:
    node = FakeNode("ctl1", units={"a.service": FakeUnit()})
    await node.ask([Unit("start", "a.service"), Unit("enable", "a.service")])
    first = node.units["a.service"]
    assert (first.active, first.enabled) == ("active", "enabled")
    await node.ask([Unit("start", "a.service")])
    assert node.units["a.service"] == first
    await node.ask([Unit("restart", "a.service")])
    assert node.units["a.service"].since_monotonic_us > first.since_monotonic_us


async def test_a_unit_comes_with_its_package() -> None:
    node = FakeNode("ctl1", brings={"haproxy": ("haproxy.service",)})
    before, _, after = await node.ask([UnitFacts(("haproxy.service",)), InstallPackages(("haproxy",)),
                                       UnitFacts(("haproxy.service",))])
    assert before == {"haproxy.service": {**FakeUnit().facts(), "load": "not-found", "enabled": ""}}
    assert after == {"haproxy.service": FakeUnit(enabled="enabled").facts()}


async def test_scripts_win_newest_first_and_what_is_not_scripted_fails() -> None:
    node = FakeNode("ctl1")
    node.script(Run, {"rc": 0, "stdout": "any", "stderr": ""})
    node.script(Run(("date",)), lambda request: Failed(f"no {request.describe()}"))
    assert await node.ask([Run(("date",)), Run(("true",))]) == [
        Failed("no run date"), {"rc": 0, "stdout": "any", "stderr": ""}]
    assert await FakeNode("ctl2").ask([Run(("true",))]) == [Failed("nothing is scripted for: run true")]


async def test_a_node_can_die_in_the_middle_of_a_batch() -> None:
    node = FakeNode("ctl1", dies_after=1)
    with pytest.raises(Unreachable, match="ctl1: it died"):
        await node.ask([WriteFile("/a", b""), WriteFile("/b", b"")])
    assert set(node.files) == {"/a"}
    node.unreachable, node.dies_after = "", None
    assert await node.ask([WriteFile("/b", b"")]) == [{"changed": True}]
    assert node.changing() == [WriteFile("/a", b""), WriteFile("/b", b"")]
