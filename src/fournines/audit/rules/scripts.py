"""Scripts: commands that do not do what they are there for, or more than that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from fournines.artifacts.shell import Command
from fournines.audit.cloud import Cloud
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.haproxy import balanced
from fournines.audit.systems.scripts import Script, commands, galera_starts, scripts, statements
from fournines.findings import Severity

_NO_PACKAGES = {"rabbitmq-plugins": "it is a command of rabbitmq-server", "rabbitmqctl": "it is a command of "
                "rabbitmq-server", "corosync-keygen": "it is a command of corosync"}
_INSTALLERS = frozenset(("apt-get", "apt", "aptitude", "yum", "dnf", "zypper"))


@rule("SCR001", Severity.ERROR, Effect.PERSON, "A command that its program refuses",
      consequence="The script ends here, or goes on without the step: what follows stands on nothing.",
      fix="the command's present form", source="the programs' manual pages",
      errata=("E040", "E080", "E101", "E144", "E148", "E155", "E159"))
def refused(cloud: Cloud) -> Hits:
    for script in scripts(cloud):
        for command in script.commands:
            for what, fix in _refusals(command):
                yield Hit(script.at(command), what, fix=fix)


def _refusals(command: Command) -> Iterator[tuple[str, str]]:
    words, plain = command.words, command.plain
    if command.name == "rabbitmqctl" and plain[:1] == ("cluster",):
        yield "rabbitmqctl has no command cluster since RabbitMQ 3.0", "rabbitmqctl join_cluster rabbit@FIRST"
    if command.name == "scp" and any(re.fullmatch(r"-[A-Za-z]*a[A-Za-z]*", word) for word in words[1:]):
        yield "scp has no option -a", "scp -p, then chown and chmod on the other side"
    if command.name == "corosync-objctl":
        yield "corosync-objctl is gone since Corosync 2", "corosync-cmapctl, or corosync-quorumtool -s"
    if command.name == "service" and any(word.startswith("wsrep_") for word in words):
        yield ("service hands on no settings, and the server takes none without dashes",
               "galera_new_cluster on the first member, a plain start on the others")
    if command.name in _INSTALLERS and "install" in plain:
        for package in sorted({*plain} & _NO_PACKAGES.keys()):
            yield f"there is no package {package}: {_NO_PACKAGES[package]}", "leave it out"
    if command.name in ("iptables", "ip6tables") and any(word.startswith("RH-Firewall") for word in words):
        yield ("the chain RH-Firewall-1-INPUT is that of RHEL 5, and the rule is gone with the next boot",
               "firewall-cmd --permanent, or a file of nftables")
    for variable in dict.fromkeys(re.findall(r"\$([a-z_]+-[a-z]+)", " ".join(words))):
        head, _, tail = variable.partition("-")
        yield f"${variable} is ${head} with -{tail} behind it", f"${variable.replace('-', '_')}"


@rule("SCR002", Severity.ERROR, Effect.PERSON, "A file that is made ready under another name than it has",
      consequence="The file keeps its old mode: an agent that cannot be executed is as good as none.",
      fix="the name of what was fetched", source="chmod(1)", errata=("E122", "E126"))
def wrong_name(cloud: Cloud) -> Hits:
    for script in scripts(cloud):
        fetched: set[str] = set()
        for command in script.commands:
            if command.name in ("wget", "curl"):
                fetched |= {word.rpartition("/")[2] for word in command.plain if "://" in word}
            if command.name == "chmod" and fetched and not command.has("-R"):
                for name in command.plain[1:]:
                    if "/" not in name and "*" not in name and name not in fetched:
                        yield Hit(script.at(command), f"{name} was not fetched; what was is "
                                  f"{', '.join(sorted(fetched)[-3:])}")


@rule("SCR003", Severity.ERROR, Effect.DATA, "A command that loses data",
      consequence="What it leaves out or wipes is gone, and nothing makes it again.",
      fix="copy and compare before anything is removed", source="the programs' manual pages",
      errata=("E061", "E167"))
def loses_data(cloud: Cloud) -> Hits:
    for script, command in commands(cloud, "mv"):
        if any(word.endswith("/*") for word in command.plain[:-1]):
            yield Hit(script.at(command), "mv with * passes over files that begin with a dot, and across "
                      "file systems it is a copy that nobody compares",
                      fix="rsync -aHAX --checksum, then compare")
    for script, command in commands(cloud, "rabbitmqctl"):
        if command.plain[:1] in (("reset",), ("force_reset",)):
            yield Hit(script.at(command), f"rabbitmqctl {command.plain[0]} wipes users, virtual hosts, "
                      "permissions and policies, and takes the broker out of its cluster",
                      fix="delete the queues that are in the way; export and import the definitions")


def _mounts(script: Script) -> Iterator[tuple[Command, str, str, tuple[Command, ...]]]:
    """(mount, device, directory, commands up to its umount)."""
    for position, command in enumerate(script.commands):
        if command.name == "mount" and len(command.plain) >= 2:
            device, directory = command.plain[-2:]
            inside: list[Command] = []
            for later in script.commands[position + 1:]:
                if later.name == "umount" and {device, directory} & {*later.plain}:
                    yield command, device, directory, tuple(inside)
                    break
                inside.append(later)


@rule("SCR004", Severity.ERROR, Effect.OUTAGE, "A replicated disc that is mounted where it is not primary",
      consequence="DRBD 8 refuses the mount; DRBD 9 promotes by itself, which hides that nobody decided it.",
      fix="drbdadm primary RESOURCE before the mount, drbdadm secondary RESOURCE after the umount",
      source="drbdadm(8)", errata=("E059",))
def mounted_secondary(cloud: Cloud) -> Hits:
    for script in scripts(cloud):
        primary: dict[str, bool] = {}
        for command in script.commands:
            if command.name == "drbdadm":
                for role in ("primary", "secondary"):
                    if role in command.plain:
                        primary |= dict.fromkeys(command.plain[command.plain.index(role) + 1:],
                                                 role == "primary")
            if command.name == "mount":
                parts = {part for word in command.plain for part in word.split("/")
                         if word.startswith("/dev/drbd")}
                for name in sorted(parts & primary.keys()):
                    if not primary[name]:
                        yield Hit(script.at(command), f"{name} was made secondary before it is mounted")


@rule("SCR005", Severity.ERROR, Effect.OUTAGE, "Files that their service's user cannot use",
      consequence="The service does not start on any node: its directory or cookie belongs to root.",
      fix="chown -R mysql:mysql (rabbitmq:rabbitmq) DIRECTORY before the umount; --user=mysql for "
          "mysql_install_db; chmod 400 for a cookie",
      source="ocf_heartbeat_mysql(7); Erlang's documentation, magic cookies",
      errata=("E060", "E062", "E081", "E158"))
def owned_by_root(cloud: Cloud) -> Hits:
    for script in scripts(cloud):
        owned = [command for command in script.commands if command.name in ("chown", "install", "setfacl")]
        for mount, _, directory, inside in _mounts(script):
            if inside and not any(directory in command.plain or directory in " ".join(command.words)
                                  for command in owned):
                yield Hit(script.at(mount), f"{directory} is filled and never given to its service's user")
        for command in script.commands:
            if command.name in ("mysql_install_db", "mariadb-install-db") and not command.has("--user", "-u"):
                yield Hit(script.at(command), f"{command.name} without --user makes files of root")
            cookie = any(word.endswith(".erlang.cookie") for word in command.plain)
            if command.name in ("scp", "cp", "rsync") and cookie and not any(
                    "cookie" in " ".join(each.words) for each in owned):
                yield Hit(script.at(command), "the Erlang cookie is copied and never given to rabbitmq alone")


@rule("SCR006", Severity.WARNING, Effect.SECURITY, "Programs from the head of somebody's branch, run as root",
      consequence="Whoever can push there runs what he likes on every node; and no two nodes need have the "
                  "same.",
      fix="a package, or a release by its checksum", source="OpenStack security guide", errata=("E091",))
def moving_branch(cloud: Cloud) -> Hits:
    for script, command in commands(cloud, "wget", "curl"):
        for word in command.plain:
            if re.search(r"://[^/]*github[^/]*/.*/(?:master|main|HEAD|trunk)/", word):
                yield Hit(script.at(command), f"{word.rpartition('/')[2]} is fetched from a branch that "
                                              "moves, without a checksum")


@rule("SEC005", Severity.WARNING, Effect.SECURITY, "A public endpoint without TLS",
      consequence="Passwords and tokens of every user cross the network in clear text.",
      fix="https in the public endpoint, with the certificate at the load balancer",
      source="OpenStack security guide, TLS", errata=("E088",))
def plain_endpoint(cloud: Cloud) -> Hits:
    for script, command in commands(cloud, "keystone", "openstack"):
        words = command.words
        public = [later for word, later in pairwise(words)
                  if word in ("--publicurl", "public")]
        makes = command.plain[:1] in (("endpoint-create",), ("endpoint",))
        if makes and any(url.startswith("http://") for url in public):
            yield Hit(script.at(command), "the public endpoint is plain http")


@rule("SEC006", Severity.ERROR, Effect.SECURITY, "A database account that is open to all",
      consequence="Whoever reaches the port and knows, or guesses, one password owns every database.",
      fix="CREATE USER for localhost or the cluster's hosts, with what it needs and no more; DROP USER "
          "''@'localhost'",
      source="MariaDB Knowledge Base, GRANT", errata=("E139", "E141"))
def open_account(cloud: Cloud) -> Hits:
    for at, text in statements(cloud):
        if re.search(r"grant\s+all\b.{0,80}\bon\s+\*\.\*\s+to\s+\S{0,64}@['\"]?%", text, re.IGNORECASE):
            yield Hit(at, "all privileges on everything, from any host")
        direct = re.search(r"(?:delete\s+from|update)\s+mysql\.(?:user|db)\b", text, re.IGNORECASE)
        if direct and not re.search(r"flush\s+privileges", text, re.IGNORECASE):
            yield Hit(at, "accounts are changed in the table: the server goes on with the old ones until "
                          "FLUSH PRIVILEGES")


@rule("SCR007", Severity.WARNING, Effect.BLIND, "Statements that only one member of the cluster gets",
      consequence="Members differ: an account is on one of them alone, until a state transfer overwrites it.",
      fix="run it replicated, or before the cluster is formed on every node",
      source="Galera documentation, wsrep_on", errata=("E140",))
def one_member_only(cloud: Cloud) -> Hits:
    for at, text in statements(cloud):
        if re.search(r"set\s+(?:session\s+)?wsrep_on\s*=\s*(?:off|0)", text, re.IGNORECASE):
            yield Hit(at, "wsrep_on = OFF: what follows is not replicated")


@rule("SCR008", Severity.ERROR, Effect.OUTAGE, "A look that changes the cluster",
      consequence="The member leaves its cluster and joins again, while clients use it.",
      fix="SHOW STATUS LIKE 'wsrep%' alone", source="Galera documentation, wsrep_cluster_address",
      errata=("E151",))
def changing_look(cloud: Cloud) -> Hits:
    for at, text in statements(cloud):
        if re.search(r"set\s+global\s+wsrep_cluster_address", text, re.IGNORECASE):
            yield Hit(at, "SET GLOBAL wsrep_cluster_address disconnects the member")


_GALERA_PORTS = {"4567": "the group", "4568": "incremental transfers", "4444": "state transfers"}


@rule("GAL012", Severity.ERROR, Effect.PERSON, "Ports that members need are closed",
      consequence="A new or repaired member never joins: the state cannot be transferred to it.",
      fix="3306, 4567 (tcp and udp), 4568 and 4444 between members",
      source="Galera documentation, firewall settings", errata=("E143",))
def closed_ports(cloud: Cloud) -> Hits:
    opened: dict[str, tuple[Script, Command]] = {}
    for script, command in commands(cloud, "iptables", "firewall-cmd", "nft", "ufw"):
        for port in re.findall(r"\b[0-9]{4,5}\b", " ".join(command.words)):
            opened[port] = (script, command)
    missing = [port for port in _GALERA_PORTS if port not in opened]
    if "4567" in opened and missing:
        script, command = opened["4567"]
        yield Hit(script.at(command), "not opened: " + ", ".join(f"{port} ({_GALERA_PORTS[port]})"
                                                                 for port in missing))


@rule("GAL016", Severity.ERROR, Effect.OUTAGE, "A database cluster that is started with one member's address",
      consequence="While that member is away nobody can join; an empty gcomm:// founds a second cluster.",
      fix="wsrep_cluster_address = gcomm://ONE,TWO,THREE in every member's file",
      source="Galera documentation, wsrep_cluster_address", errata=("E146", "E147", "E149", "E150"))
def started_with_one(cloud: Cloud) -> Hits:
    behind = {server.address for balancer, proxy in balanced(cloud) if balancer.service(proxy) == "mysql"
              for server in proxy.servers}
    for at, _, members in galera_starts(cloud):
        if not members:
            yield Hit(at, "an empty gcomm:// founds a new cluster whenever this is run", Severity.WARNING,
                      "galera_new_cluster, once, by a person")
        if len(members) == 1:
            yield Hit(at, f"{members[0]} is the only member that is named")
        for member in members:
            if behind and member not in behind:
                yield Hit(at, f"{member} is a member, and none of the servers behind HAProxy")
