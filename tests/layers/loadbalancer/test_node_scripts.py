"""The scripts that run on a node, run here for real: in namespaces of their own."""

from __future__ import annotations

import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from fournines.layers.layer import Site
from fournines.layers.loadbalancer import artifacts

SETTLED_S = 5   # all servers are taken for up at the start; two failed checks of each end that
NODE = Path(str(files("fournines.layers.loadbalancer"))) / "node"
SERVER = """
import socket, sys, time
listener = socket.create_server(("127.0.0.1", 8404))
print("listening", flush=True)
connection, _ = listener.accept()
answer = sys.argv[1].encode()
connection.recv(100)
connection.sendall(answer) if answer else time.sleep(30)
"""


def in_namespaces(script: str) -> subprocess.CompletedProcess[str]:
    """Run as root of new user, network and mount namespaces, with an empty /run."""
    prepared = f"set -eu; mount -t tmpfs none /run; ip link set lo up\n{script}"
    return subprocess.run(
        ["unshare", "--user", "--map-root-user", "--net", "--mount", "bash", "-c", prepared],
        capture_output=True, text=True, timeout=60, check=False)


pytestmark = pytest.mark.skipif(
    not shutil.which("ip") or in_namespaces("true").returncode != 0, reason="needs ip and user namespaces")


def test_a_vip_left_behind_is_removed_from_any_interface_and_nothing_else_is() -> None:
    done = in_namespaces(f"""
        ip link add left type veth peer name right
        ip address add 192.0.2.11/24 dev left
        ip address add 192.0.2.101/32 dev left
        ip address add 192.0.2.101/32 dev right
        mkdir -p /run/fournines/vrrp; echo MASTER > /run/fournines/vrrp/internal
        {NODE}/vip_addresses.py release 192.0.2.101 192.0.2.102 >&2
        ls -A /run/fournines/vrrp
        ip -4 -o address show | grep -o 'inet [0-9./]*'""")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n") == ["inet 127.0.0.1/8", "inet 192.0.2.11/24", ""]


def test_the_interface_of_a_network_is_the_one_with_the_node_s_address() -> None:
    done = in_namespaces(f"""
        ip link add left type veth peer name right
        ip address add 192.0.2.11/24 dev left
        {NODE}/vip_addresses.py prepare management=192.0.2.11
        cat /run/fournines/interfaces/management.conf""")
    assert done.stdout == "interface left\n", done.stderr


def test_keepalived_does_not_start_before_its_address_is_there() -> None:
    done = in_namespaces(f"{NODE}/vip_addresses.py prepare management=192.0.2.11")
    assert done.returncode == 1
    assert "no interface has 192.0.2.11 (management)" in done.stderr


@pytest.mark.parametrize(("answer", "alive"), [
    ("HTTP/1.0 200 OK\r\n\r\n", True), ("HTTP/1.0 503 Service Unavailable\r\n\r\n", False), ("", False)])
def test_haproxy_is_alive_when_it_answers(answer: str, alive: bool) -> None:
    done = in_namespaces(f"""
        coproc python3 -c {_quoted(SERVER)} {_quoted(answer)}
        server=$COPROC_PID   # which bash forgets once it has ended
        read -r -t 20 _ <&"${{COPROC[0]}}"
        status=0; {NODE}/haproxy_alive || status=$?
        kill "$server" || :
        exit "$status" """)
    assert (done.returncode == 0) is alive, done.stderr


NOTIFIED = """
import socket
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind("/run/systemd/notify")
print("listening", flush=True)
print(listener.recv(100).decode(), flush=True)
"""


def test_each_check_tells_systemd_that_keepalived_lives() -> None:
    """Whatever HAProxy answers: here nobody does."""
    done = in_namespaces(f"""
        mkdir /run/systemd
        coproc python3 -c {_quoted(NOTIFIED)}
        read -r -t 20 _ <&"${{COPROC[0]}}"
        {NODE}/haproxy_alive && exit 1
        read -r -t 20 said <&"${{COPROC[0]}}"
        echo "$said" """)
    assert done.stdout == "WATCHDOG=1\n", done.stderr


HEALTH = """
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(sys.argv[1]))
        self.end_headers()
http.server.HTTPServer(("192.168.42.11", 9200), Answer).serve_forever()
"""
CACHE = """
import socket
listener = socket.create_server(("192.168.42.12", 11211))
while True:
    listener.accept()[0].sendall(b"VERSION 1\\r\\n")
"""
NOT_HERE = ("user ", "group ", "chroot ", "stats ", "log ")


@pytest.mark.skipif(not shutil.which("haproxy"), reason="needs haproxy")
@pytest.mark.parametrize(("own_database", "reaches", "alive"), [
    (200, False, True), (503, True, True), (503, False, False)])
def test_haproxy_says_that_it_is_cut_off(site: Site, tmp_path: Path, own_database: int, reaches: bool,
                                         alive: bool) -> None:
    lines = artifacts.haproxy_text(site, site.cluster.node("ctl1")).splitlines(keepends=True)
    (tmp_path / "haproxy.cfg").write_text("".join(
        line for line in lines if not line.strip().startswith(NOT_HERE)))
    done = in_namespaces(f"""
        for address in 192.168.42.11 192.168.42.12 192.168.42.101 10.0.42.11; do
            ip address add $address/32 dev lo; done
        trap 'kill $(jobs -p)' EXIT
        python3 -c {_quoted(HEALTH)} {own_database} >&2 &
        {f"python3 -c {_quoted(CACHE)} >&2 &" if reaches else ""}
        for port in 9200 {11211 if reaches else ""}; do   # or they are taken for down at first
            until ss -Hltn "sport = :$port" | grep -q .; do sleep 0.1; done; done
        haproxy -db -f {tmp_path}/haproxy.cfg >&2 &
        sleep {SETTLED_S}
        status=0; {NODE}/haproxy_alive || status=$?
        exit "$status" """)
    assert (done.returncode == 0) is alive, done.stderr


def test_haproxy_is_not_alive_where_nobody_listens() -> None:
    assert in_namespaces(f"{NODE}/haproxy_alive").returncode != 0


def test_the_last_vrrp_state_is_the_one_that_is_noted() -> None:
    done = in_namespaces(f"""
        mkdir -p /run/fournines/vrrp
        {NODE}/vrrp_state INSTANCE internal BACKUP 250
        {NODE}/vrrp_state INSTANCE internal MASTER 250
        cat /run/fournines/vrrp/*""")
    assert done.stdout == "MASTER\n", done.stderr


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
