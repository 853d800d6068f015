"""drbd_device.py: what it reads of DRBD's own words and of disks; recorded from DRBD 8.4.11."""

from __future__ import annotations

import pytest

from fournines.layers.node.disk_content import Refused
from fournines.layers.storage.node import drbd_device

PROC = """version: 8.4.11 (api:1/proto:86-101)
srcversion: 059B1B470318F053F5077D5
 0: cs:SyncSource ro:Primary/Secondary ds:UpToDate/Inconsistent C r-----
    ns:228608 nr:0 dw:65960 dr:230375 al:15 bm:0 lo:129 pe:0 ua:129 ap:0 ep:1 wo:f oos:115644
\t[=============>......] sync'ed: 72.0% (115644/409548)K
\tfinish: 0:00:01 speed: 58,780 (58,780) K/sec
 1: cs:WFConnection ro:Secondary/Unknown ds:Inconsistent/DUnknown C r----s
    ns:0 nr:0 dw:0 dr:0 al:8 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:409548
 3: cs:Unconfigured
"""


def test_the_kernels_words_are_read() -> None:
    assert drbd_device.states(PROC) == {
        0: {"connection": "SyncSource", "role": "Primary", "peer_role": "Secondary", "disk": "UpToDate",
            "peer_disk": "Inconsistent", "out_of_sync": "115644"},
        1: {"connection": "WFConnection", "role": "Secondary", "peer_role": "Unknown", "disk": "Inconsistent",
            "peer_disk": "DUnknown", "out_of_sync": "409548"},
        3: {"connection": "Unconfigured", "role": "", "peer_role": "", "disk": "", "peer_disk": ""}}


SHOWN = """resource mysql {
    net {
        protocol        \tC; # default
        timeout         \t16; # 1/10 seconds
        shared-secret   \t""; # default
        verify-alg      \t"crc32c";
    }
    _this_host {
        address\t\t\tipv4 10.0.42.100:7700;
        volume 0 {
            device\t\t\tminor 0;
            disk {
                resync-rate     \t102400k; # bytes/second
                c-plan-ahead    \t0; # 1/10 seconds
"""


def test_the_settings_in_force_are_read() -> None:
    assert drbd_device.settings(SHOWN) == {
        "protocol": "C", "timeout": "16", "shared-secret": "", "verify-alg": "crc32c",
        "resync-rate": "102400k", "c-plan-ahead": "0",
        "address": "ipv4 10.0.42.100:7700", "device": "minor 0"}


def test_generations_do_not_tell_who_is_primary() -> None:
    primary = "7A0AC9D698AE5EE5:A4B2C74994E79265:0000000000000004:0000000000000000:1:1:1:1:0:1:0\n"
    assert drbd_device.generations(primary) == [
        "7A0AC9D698AE5EE4", "A4B2C74994E79264", "0000000000000004", "0000000000000000"]
    assert drbd_device.generations("") == []


def facts(**changed: object) -> dict[str, object]:
    return {"used": False, "connection": "Connected", "disk": "Inconsistent", "peer_disk": "Inconsistent",
            "role": "Secondary", **changed}


@pytest.mark.parametrize("changed", [{"used": True}, {"peer_disk": "UpToDate"}, {"peer_disk": "Outdated"},
                                     {"connection": "WFConnection"}, {"disk": "UpToDate"}])
def test_a_side_fills_the_other_only_when_both_are_new(changed: dict[str, object]) -> None:
    with pytest.raises(Refused, match="not new on both sides"):
        drbd_device.first("mysql", facts(**changed))


def test_a_connection_that_is_lost_for_a_moment_is_waited_for_and_no_other() -> None:
    told = [facts(connection="WFConnection"), facts(connection="WFReportParams"), facts(), facts()]
    assert drbd_device.once_connected(lambda: told.pop(0)) == facts()
    assert len(told) == 1
    for connection, within_s in (("StandAlone", 30.0), ("", 30.0), ("WFConnection", 0.3)):
        parted = facts(connection=connection)
        assert drbd_device.once_connected(lambda seen=parted: seen, within_s) == parted


@pytest.mark.parametrize("changed", [{"connection": "StandAlone"}, {"connection": ""}, {"disk": "Diskless"}])
def test_what_was_parted_or_detached_is_not_adjusted(changed: dict[str, object]) -> None:
    with pytest.raises(Refused, match="nothing was changed"):
        drbd_device.adjust("mysql", facts(**changed))


def test_only_what_is_split_is_resolved() -> None:
    with pytest.raises(Refused, match="not split"):
        drbd_device.split("mysql", facts(), "discard")
    with pytest.raises(Refused, match="Primary here"):
        drbd_device.split("mysql", facts(connection="StandAlone", role="Primary"), "discard")
