"""What the programs themselves make of emitted files: each reads awkward values exactly as they were meant.

Every test here needs the program that reads the format, and is skipped where it is not installed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from fournines.artifacts import (
    environment,
    erlang,
    haproxy,
    hosts,
    ini,
    keepalived,
    rabbitmq,
    sysctl,
    systemd,
)
from fournines.artifacts.erlang import Atom, List, Tuple
from fournines.artifacts.keepalived import block

AWKWARD = ("plain", "", "a b", " both ends ", "it's", 'say "no"', "#hash # mid", "; semi", "back\\slash",
           "\\$x", "$HOME ${HOME} $$", "`id`", "{[(<!>)]}", "100%", "%s%%", "a=b:c", "'quoted'", '"quoted"',
           '"', "'", "\\", "\u00e9\u65e5\u00a0", "@~*?&|")
LINE_ENDS = ("a\nb", "\ttab\t", "line\n")

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to have a namespace of its own")


def run(argv: Sequence[str], *, env: Mapping[str, str] | None = None, accept: tuple[int, ...] = (0,)) -> str:
    """What the program says, on either stream."""
    done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, check=False, start_new_session=True)
    said = done.stdout.decode()
    assert done.returncode in accept, said
    return said


def written(directory: Path, name: str, text: str) -> str:
    path = directory / name
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)
    return str(path)


@pytest.mark.tool("mariadbd", "mariadb-server-core")
def test_mariadb_reads_the_values(tool: str, tmp_path: Path) -> None:
    values = {f"v{number}": value for number, value in enumerate(AWKWARD + LINE_ENDS)}
    document = ini.my_cnf({"mysqld": {"bare": None, **values}, "other": {"x": 1}})
    path = written(tmp_path, "my.cnf", ini.emit(document))
    said = run([tool, f"--defaults-file={path}", "--print-defaults"]).partition("\n")[2]
    arguments = ["--bare", *(f"--{key}={value}" for key, value in values.items())]
    assert said.rstrip() == " ".join(arguments).rstrip()


OSLO_READER = """
import json, sys
from oslo_config import cfg
names = json.loads(sys.argv[2])
conf = cfg.ConfigOpts()
conf.register_opts([cfg.StrOpt(name) for name in names] + [cfg.MultiStrOpt("many")], group="g")
conf(["--config-file", sys.argv[1]], project="test")
print(json.dumps([conf.g.many, {name: conf.g[name] for name in names}]))
"""


@pytest.mark.tool("/usr/lib/python3/dist-packages/oslo_config/cfg.py*", "python3-oslo.config")
def test_oslo_config_reads_the_values(tool: str, tmp_path: Path) -> None:
    values = {f"v{number}": value for number, value in enumerate(AWKWARD)}
    path = written(tmp_path, "o.conf", ini.emit(ini.oslo({"g": {**values, "many": list(AWKWARD)}})))
    assert Path(tool).exists()
    said = run(["/usr/bin/python3", "-c", OSLO_READER, path, json.dumps(list(values))])
    assert json.loads(said.splitlines()[-1]) == [list(AWKWARD), values]


@pytest.mark.tool("uwsgi-core", "uwsgi-core")
def test_uwsgi_reads_the_values(tool: str, tmp_path: Path) -> None:
    values = [value for value in AWKWARD if value == value.strip() and "${" not in value]
    document = ini.uwsgi({"uwsgi": {"env": [f"A={value}" for value in values]}})
    path = written(tmp_path, "u.ini", ini.emit(document))
    said = run([tool, "--ini", path, "--show-config", "--no-server"])
    assert re.findall(r"^env = A=(.*)$", said, re.MULTILINE) == values


@pytest.mark.tool("haproxy", "haproxy")
def test_haproxy_reads_the_words(tool: str, tmp_path: Path) -> None:
    values = AWKWARD + LINE_ENDS
    configuration = haproxy.document(haproxy.section("global", "", [(".notice", value) for value in values]))
    path = written(tmp_path, "haproxy.cfg", haproxy.emit(configuration))
    said = run([tool, "-c", "-f", path], accept=(2,))  # 2: no error, but nothing to listen on
    found = re.findall(rf"parsing \[{re.escape(path)}:\d+\]: '(.*?)'\.\n", said, re.DOTALL)
    assert tuple(found) == values


@pytest.mark.tool("haproxy", "haproxy")
def test_haproxy_accepts_a_controllers_configuration(tool: str, tmp_path: Path) -> None:
    configuration = haproxy.document(
        haproxy.section("global", "", [
            ("log", "/dev/log", "local0"), ("stats", "socket", f"{tmp_path}/admin.sock", "level", "admin")]),
        haproxy.section("defaults", "", [
            ("mode", "http"), ("timeout", "connect", "500ms"), ("timeout", "client", "30s"),
            ("timeout", "server", "30s")]),
        haproxy.section("peers", "controllers", [("peer", "ctl1", "127.0.0.1:10000")]),
        haproxy.section("listen", "keystone", [
            ("bind", "127.0.0.1:5000"), ("option", "httpchk"),
            ("http-check", "send", "meth", "GET", "uri", "/healthcheck", "hdr", "User-Agent", "a b"),
            ("http-check", "expect", "rstatus", "(2|3)[0-9][0-9]"),
            ("http-request", "set-header", "X-Odd", "it's #1 \"of\" %[src]"),
            ("server", "ctl1", "127.0.0.1:5001", "check", "inter", "500ms", "fall", 2, "rise", 3)]))
    run([tool, "-c", "-f", written(tmp_path, "haproxy.cfg", haproxy.emit(configuration))])


@pytest.mark.tool("keepalived", "keepalived")
def test_keepalived_reads_the_words(tool: str, tmp_path: Path) -> None:
    """It repeats each keyword it does not know."""
    words = [word for word in AWKWARD if word and not set(word) & set('"\\$')]
    configuration = keepalived.document(block("vrrp_instance", "a", [(word,) for word in words]))
    path = written(tmp_path, "keepalived.conf", keepalived.emit(configuration))
    said = run([tool, "-t", "-f", path], accept=(4, 5))
    assert re.findall(r"Unknown keyword '(.*)'$", said, re.MULTILINE) == words


@pytest.mark.tool("keepalived", "keepalived")
def test_keepalived_accepts_a_controllers_configuration(tool: str, tmp_path: Path) -> None:
    configuration = keepalived.document(
        block("global_defs", "", [("router_id", "ctl1"), ("dynamic_interfaces",), ("script_user", "root"),
                                  "enable_script_security", ("vrrp_version", 3)]),
        block("vrrp_script", "loadbalancer", [
            ("script", "/bin/echo 'an argument' #1 {x}"), ("interval", 1), ("timeout", 1), ("fall", 2)]),
        block("vrrp_instance", "internal", [
            ("state", "BACKUP"), ("interface", "none0"), ("virtual_router_id", 101), ("priority", 150),
            ("advert_int", 0.25), ("unicast_src_ip", "127.0.0.1"),
            block("unicast_peer", "", ["127.0.0.2", "127.0.0.3"]),
            block("virtual_ipaddress", "", [("127.0.0.9/32", "dev", "none0")]),
            block("track_script", "", ["loadbalancer"])]))
    run([tool, "-t", "-f", written(tmp_path, "keepalived.conf", keepalived.emit(configuration))])


CONSULT = ('io:setopts([{{encoding, unicode}}]), {{ok, [Term]}} = file:consult("{path}"), '
           'io:format("~0tp.~n", [Term]), halt(0).')


@pytest.mark.tool("erl", "erlang-base")
def test_erlang_reads_the_terms(tool: str, tmp_path: Path) -> None:
    term = List((
        *(Tuple((Atom(text), text)) for text in AWKWARD + LINE_ENDS if text), b"", bytes(range(256)), 0, -7,
        10 ** 30, 1.5, -1e300, 1e-300, 2.0 ** 70, List(), Tuple(), List((Tuple((List(("a",)),)),))))
    path = written(tmp_path, "advanced.config", erlang.emit(term))
    assert erlang.parse(run([tool, "-noshell", "+pc", "unicode", "-eval", CONSULT.format(path=path)])) == term


CUTTLEFISH = "/usr/lib/rabbitmq/lib/*/plugins/cuttlefish-*/ebin"


@pytest.mark.tool(CUTTLEFISH, "rabbitmq-server")
def test_rabbitmq_reads_the_settings(tool: str, tmp_path: Path) -> None:
    carried = [value for value in AWKWARD if value and value.isascii() and value == value.strip()
               and "#" not in value and value[0] != "'"]
    values = {f"a.b{number}.C-d_e": value for number, value in enumerate(carried)}
    path = written(tmp_path, "rabbitmq.conf", rabbitmq.emit(rabbitmq.document(values)))
    said = run(["erl", "-noshell", "-pa", tool, "-eval",
                f'io:format("~0tp.~n", [cuttlefish_conf:file("{path}")]), halt(0).'])
    settings = erlang.parse(said)
    assert settings == List(tuple(Tuple((List(tuple(key.split("."))), values[key])) for key in values))


@pytest.mark.tool("systemd-analyze", "systemd")
def test_systemd_accepts_a_unit(tool: str, tmp_path: Path) -> None:
    unit = systemd.document({
        "Unit": {"Description": "100%% it's \"odd\"; #1", "DefaultDependencies": False},
        "Service": {"ExecStart": ["/bin/false", "", systemd.command(["/bin/echo", *AWKWARD, *LINE_ENDS])],
                    "Environment": [systemd.word(f"A={value}") for value in AWKWARD], "Restart": "always"}})
    said = run([tool, "verify", written(tmp_path, "odd.service", systemd.emit(unit))])
    assert "odd.service" not in said


@pytest.mark.tool("/lib/systemd/systemd", "systemd")
def test_systemd_reads_the_words(tool: str, tmp_path: Path) -> None:
    """The user manager's dry run prints the units it has read; it refuses to be root, hence the namespace."""
    unit = systemd.document({
        "Unit": {"DefaultDependencies": False},
        "Service": {"ExecStart": systemd.command(["/bin/true", "a b", "100%"]),
                    "Environment": [systemd.word(f"V{n}={value}") for n, value in enumerate(AWKWARD)]}})
    written(tmp_path, "odd.service", systemd.emit(unit))
    written(tmp_path, "shutdown.target", "")
    here = str(tmp_path)
    said = run(["unshare", "--user", "--map-user=1000", tool, "--test", "--user", "--unit=odd.service"],
               env={"SYSTEMD_UNIT_PATH": here, "HOME": here, "XDG_RUNTIME_DIR": here, "PATH": "/usr/bin"})
    assert '\t\t\tCommand Line: /bin/true "a b" 100%\n' in said
    found = re.findall(r"^\t\tEnvironment: V[0-9]+=(.*)$", said, re.MULTILINE)
    assert tuple(found) == AWKWARD


@pytest.mark.tool("sh", "dash")
def test_a_shell_reads_the_variables(tool: str, tmp_path: Path) -> None:
    values = {f"V{number}": value for number, value in enumerate(AWKWARD + LINE_ENDS)}
    path = written(tmp_path, "variables", environment.emit(environment.document(values)))
    said = run([tool, "-c", 'set -a; . "$1"; exec env -0', "sh", path], env={"PATH": "/usr/bin:/bin"})
    found = dict(line.split("=", 1) for line in said.split("\0") if line.startswith("V"))
    assert found == values


@pytest.mark.tool("systemd-tmpfiles", "systemd")
def test_systemd_reads_the_variables(tool: str, tmp_path: Path) -> None:
    """os-release is read as environment files are, and tmpfiles writes out what its ID is."""
    (tmp_path / "etc").mkdir()
    values = "|".join(AWKWARD + LINE_ENDS)
    written(tmp_path / "etc", "os-release", environment.emit(environment.document({"ID": values})))
    run([tool, f"--root={tmp_path}", "--create", written(tmp_path, "odd.conf", "f /found - - - - [%o]\n")])
    assert (tmp_path / "found").read_text(encoding="utf-8") == f"[{values}]"


@pytest.mark.parametrize("program", [
    pytest.param("sysctl", marks=pytest.mark.tool("sysctl", "procps")),
    pytest.param("systemd", marks=pytest.mark.tool("/lib/systemd/systemd-sysctl*", "systemd")),
])
@needs_root
def test_kernel_settings_are_set(program: str, tool: str, tmp_path: Path) -> None:
    """In a network namespace of its own, which has its own net settings."""
    settings = sysctl.document({
        "net.ipv4.ip_nonlocal_bind": True, "net.ipv4.tcp_rmem": "4096 131072 6291456"})
    path = written(tmp_path, "odd.conf", sysctl.emit(settings))
    load = [tool, f"--load={path}"] if program == "sysctl" else [tool, path]
    said = run(["unshare", "--net", "sh", "-c", '"$@" && cat /proc/sys/net/ipv4/ip_nonlocal_bind '
                "/proc/sys/net/ipv4/tcp_rmem", "sh", *load])
    assert said.split()[-4:] == ["1", "4096", "131072", "6291456"]


@pytest.mark.tool("getent", "libc-bin")
@needs_root
def test_names_are_found(tool: str, tmp_path: Path) -> None:
    """In a mount namespace of its own, with the file in place of /etc/hosts."""
    document = hosts.Document((*hosts.LOCAL, hosts.parse("192.0.2.7 ctl1.example ctl1\n").entries[0]))
    path = written(tmp_path, "hosts", hosts.emit(document))
    said = run(["unshare", "--mount", "sh", "-c", 'mount --bind "$1" /etc/hosts && shift && exec "$@"', "sh",
                path, tool, "--service=files", "hosts", "ctl1"])
    assert said.split() == ["192.0.2.7", "ctl1.example", "ctl1"]
