"""Registers that a User-Mode-Linux kernel has no room for: what is loaded into it gives them back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fournines.lab import uml_start

# Traces a child as that kernel does. Says how many bytes its registers are, how a copy that lacks the last of
# them was taken, and whether they were the same after it.
TRACER = """
import ctypes, os, signal
TRACE_ME, KILL, GET, SET, STATE = 0, 8, 0x4204, 0x4205, 0x202
class Part(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long
def registers(request, kept, length):
    part = Part(ctypes.addressof(kept), length)
    failed = libc.ptrace(request, child, STATE, ctypes.addressof(part))
    return os.strerror(ctypes.get_errno()) if failed else "taken", part.length
child = os.fork()
if not child:
    libc.ptrace(TRACE_ME, 0, None, None)
    os.kill(os.getpid(), signal.SIGSTOP)
os.waitpid(child, 0)
before, after = ctypes.create_string_buffer(65536), ctypes.create_string_buffer(65536)
_, whole = registers(GET, before, 65536)
answer, _ = registers(SET, before, whole - 64)
registers(GET, after, 65536)
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
print(whole > 512, answer, before.raw[:whole - 64] == after.raw[:whole - 64])
"""


def said(preloaded: str | None) -> str:
    loaded = {} if preloaded is None else {"LD_PRELOAD": preloaded}
    return subprocess.run([sys.executable, "-I", "-S", "-c", TRACER], env={**os.environ, **loaded}, text=True,
                          capture_output=True, check=True, timeout=60).stdout.strip()


@pytest.mark.tool("tcc", "tcc")
def test_registers_that_are_cut_short_are_put_back(tool: str, tmp_path: Path) -> None:
    assert said(None) == "True Bad address True"   # which is what that kernel panics for

    assert said(uml_start.registers_in(str(tmp_path))) == "True taken True"
