"""Packages: which are there, and how they are installed without starting their services."""

from __future__ import annotations

import contextlib
import os
import time

from fournines.nodes.agent import Refusal
from fournines.nodes.agent.commands import REASON_LIMIT, Batch, ended, execute, words

TYPE_CHECKING = False   # importing typing would take longer than most requests
if TYPE_CHECKING:
    from fournines.nodes.agent import Facts

POLICY = "/usr/sbin/policy-rc.d"
POLICY_TEXT = "#!/bin/sh\n# Made by fournines for the time of a package installation.\nexit 101\n"


class Policy:
    """While it is in place no package may start its service (invoke-rc.d(8)). One that somebody else has
    placed stays as it is; one that a killed agent has left behind is ours."""

    def __init__(self) -> None:
        self.ours = False

    def place(self) -> None:
        try:
            handle = os.open(POLICY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755)
        except FileExistsError:
            with open(POLICY) as file:
                self.ours = file.read() == POLICY_TEXT
            return
        self.ours = True
        with os.fdopen(handle, "w") as file:
            os.fchmod(handle, 0o755)
            file.write(POLICY_TEXT)

    def remove(self) -> None:
        if self.ours:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(POLICY)
        self.ours = False


HOLDING_BACK = Policy()


def package_facts(batch: Batch, names: list[str]) -> dict[str, str | None]:
    if not names:
        return {}
    shape = "-f=${Package}\\t${db:Status-Abbrev}\\t${Version}\\n"
    code, out, err = execute(batch, ["dpkg-query", "-W", shape, "--", *names])
    if code not in (0, 1):   # 1: some are not known
        raise Refusal(f"dpkg-query {ended(code)}{words(err)}")
    found: dict[str, str | None] = dict.fromkeys(names)
    for line in out.splitlines():
        name, status, version = line.split("\t")
        if status[1:] == "i " and name in found:
            found[name] = version
    return found


def install_packages(batch: Batch, names: list[str], timeout_s: float) -> Facts:
    deadline = time.monotonic() + timeout_s
    env = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1"}
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends",
               "-oDPkg::Lock::Timeout=120", "-oDpkg::Options::=--force-confdef",
               "-oDpkg::Options::=--force-confold", "--", *names]

    def step(argv: list[str]) -> tuple[int, str, str]:
        return execute(batch, argv, env=env, timeout_s=max(1.0, deadline - time.monotonic()))

    HOLDING_BACK.place()
    try:
        step(["dpkg", "--configure", "-a"])   # what an interrupted installation has left
        code, out, err = step(install)
        if code != 0 and not batch.cancelled:   # most often the lists are missing or old
            updated, _, complaint = step(["apt-get", "update", "--quiet"])
            if updated != 0:
                err = f"{err}\napt-get update: {complaint.strip()[-REASON_LIMIT // 2:]}"
                raise Refusal(f"apt-get install {ended(code)}{words(err)}")
            code, out, err = step(install)
    finally:
        HOLDING_BACK.remove()
    if code != 0:
        raise Refusal(f"apt-get install {ended(code)}{words(err or out)}")
    return {}
