#!/usr/bin/python3
"""Addresses around Keepalived's life, run by its unit.

    vip_addresses.py prepare NETWORK=ADDRESS ...   note which interface has this node's address in each
    vip_addresses.py release VIP ...               take VIPs away from whichever interface has them

A Keepalived that was killed leaves its VIPs behind, and another node takes them within a second: two holders,
until somebody removes them here. Shipped as /usr/lib/fournines/vip_addresses.py.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

INTERFACES = Path("/run/fournines/interfaces")
STATES = Path("/run/fournines/vrrp")
IP_TIMEOUT_S = 5


def interfaces_by_address() -> dict[str, list[tuple[str, int]]]:
    """IPv4 address -> (interface, prefix length) of each that has it."""
    said = subprocess.run(["ip", "-j", "-4", "address", "show"], check=True, capture_output=True,
                          timeout=IP_TIMEOUT_S).stdout
    found: dict[str, list[tuple[str, int]]] = {}
    for interface in json.loads(said):
        for info in interface.get("addr_info", []):
            found.setdefault(info["local"], []).append((interface["ifname"], info["prefixlen"]))
    return found


def prepare(networks: dict[str, str]) -> int:
    """Write the lines that keepalived.conf includes; 1 while an address is not there yet."""
    known = interfaces_by_address()
    missing = [f"{address} ({network})" for network, address in networks.items() if address not in known]
    if missing:
        print(f"no interface has {', '.join(missing)}", file=sys.stderr)
        return 1
    STATES.mkdir(parents=True, exist_ok=True)
    INTERFACES.mkdir(parents=True, exist_ok=True)
    for network, address in networks.items():
        target = INTERFACES / f"{network}.conf"
        fresh = target.with_suffix(".new")
        fresh.write_text(f"interface {known[address][0][0]}\n", encoding="utf-8")
        fresh.replace(target)
    return 0


def release(vips: list[str]) -> int:
    """Remove the VIPs, and what Keepalived last said of itself; 1 where one could not be removed."""
    shutil.rmtree(STATES, ignore_errors=True)
    STATES.mkdir(parents=True)
    known = interfaces_by_address()
    stuck = 0
    for vip in vips:
        for interface, prefix in known.get(vip, []):
            print(f"removing {vip}/{prefix} from {interface}, where Keepalived left it")
            removed = subprocess.run(["ip", "address", "del", f"{vip}/{prefix}", "dev", interface],
                                     check=False, timeout=IP_TIMEOUT_S)
            stuck |= removed.returncode
    return 1 if stuck else 0


def main(arguments: list[str]) -> int:
    """The exit status."""
    match arguments:
        case ["prepare", *pairs]:
            return prepare(dict(pair.split("=", 1) for pair in pairs))
        case ["release", *vips]:
            return release(vips)
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
