"""Two stations on a real bridge, and a client that asks them who they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest

from drills.made_up import ip
from fournines.drills.workloads.arp import interface_to

ASK = """
import asyncio, json
from fournines.drills.workloads.arp import ArpWorkload
async def main():
    workload = ArpWorkload("192.0.2.100", "ARP", 0.2)
    answer = await workload.attempt("1")
    await workload.finish()
    print(json.dumps([answer.outcome, answer.result, answer.error]))
asyncio.run(main())
"""
ROUTES = """Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth1\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""


def test_the_interface_is_that_of_the_network() -> None:
    assert interface_to(IPv4Address("192.0.2.100"), ROUTES) == "eth1"
    with pytest.raises(ValueError, match="in no network"):
        interface_to(IPv4Address("198.51.100.1"), ROUTES)   # a gateway's answers are not the holder's


@pytest.fixture
def stations() -> Iterator[tuple[str, str, str]]:
    """Client, and two that could hold the address; the client's namespace has the bridge."""
    if os.getuid() != 0:
        pytest.skip("makes network namespaces")
    client, one, other = names = tuple(f"fna-{os.getpid()}-{end}" for end in "cab")
    try:
        for name in names:
            ip("netns", "add", name)
        ip("-n", client, "link", "add", "br0", "type", "bridge")
        ip("-n", client, "address", "add", "192.0.2.9/24", "dev", "br0")
        ip("-n", client, "link", "set", "br0", "up")
        for number, name in enumerate((one, other)):
            ip("-n", client, "link", "add", f"p{number}", "type", "veth",
               "peer", "name", "eth0", "netns", name)
            ip("-n", client, "link", "set", f"p{number}", "master", "br0", "up")
            ip("-n", name, "link", "set", "eth0", "up", "address", f"02:00:00:00:00:0{number + 1}")
        yield client, one, other
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def ask(client: str) -> list[str]:
    done = subprocess.run(["ip", "netns", "exec", client, sys.executable, "-c", ASK], check=True, timeout=60,
                          capture_output=True, text=True)
    found: list[str] = json.loads(done.stdout)
    return found


def test_everybody_who_answers_is_heard(stations: tuple[str, str, str]) -> None:
    client, one, other = stations
    assert ask(client) == ["fail", "", "nobody answered"]
    ip("-n", one, "address", "add", "192.0.2.100/24", "dev", "eth0")
    assert ask(client) == ["ok", "02:00:00:00:00:01", ""]
    ip("-n", other, "address", "add", "192.0.2.100/24", "dev", "eth0")
    assert ask(client) == ["ok", "02:00:00:00:00:01,02:00:00:00:00:02", ""]
