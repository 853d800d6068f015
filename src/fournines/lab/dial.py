"""A command that connects stdin and stdout to an address: OpenSSH's ProxyCommand, inside the fabric."""

from __future__ import annotations

CONNECT_TIMEOUT_S = 10


def dial(address: str, port: str) -> tuple[str, ...]:
    """The words of it; to be put behind ``nsenter``. It starts in a third of the time that Python takes, and
    every login waits for it."""
    return ("socat", "-", f"TCP4:{address}:{port},connect-timeout={CONNECT_TIMEOUT_S}")
