"""Galera: members that find each other, keep quorum, and hold the same data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fournines.audit.change import Below, Swap, new_value
from fournines.audit.cloud import Cloud
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.galera import Option, Server, duration_s, servers
from fournines.audit.systems.haproxy import balanced
from fournines.findings import Place, Severity

OPTIONS = "Galera documentation, mysql-wsrep-options"
PARAMETERS = "Galera documentation, galera-parameters"


def _clustered(cloud: Cloud) -> tuple[Server, ...]:
    return tuple(server for server in servers(cloud) if server.clustered)


def _at(server: Server, *names: str) -> Place:
    option = server.option(*names)
    return option.at if option is not None else server.at


@rule("GAL001", Severity.ERROR, Effect.OUTAGE, "Fewer than three votes, or an even number",
      consequence="The loss of one of two members, or an even split, leaves nobody with a majority: the "
                  "database stops.",
      fix="three members, or two and an arbitrator (garbd) on a third machine",
      source="Galera documentation, two-node clusters", errata=("E146",))
def votes(cloud: Cloud) -> Hits:
    for server in _clustered(cloud):
        count = len(server.members)
        if count and (count < 3 or count % 2 == 0):
            yield Hit(_at(server, "wsrep_cluster_address"), f"the cluster has {count} "
                                                            f"member{'s' * (count > 1)}",
                      Severity.WARNING if count > 3 else None)


@rule("GAL002", Severity.ERROR, Effect.DATA, "Replication is not on",
      consequence="The server runs alone behind the cluster's address: what is written to it is on no other "
                  "member.",
      fix="wsrep_on = ON and wsrep_provider = /usr/lib/galera/libgalera_smm.so in a group that the server "
          "reads",
      source=f"{OPTIONS}; MariaDB's defaults are OFF and none", errata=("E137",))
def not_replicating(cloud: Cloud) -> Hits:
    for server in _clustered(cloud):
        on, provider = server.option("wsrep_on"), server.option("wsrep_provider")
        if (on is not None and not on.is_on) or (on is None and server.whole):
            yield Hit(on.at if on else server.at,
                      f"wsrep_on is {on.value if on else 'set nowhere, hence OFF'}")
        if (provider is not None
            and provider.value.lower() in ("", "none")) or (provider is None and server.whole):
            yield Hit(provider.at if provider else server.at,
                      f"wsrep_provider is {'none' if provider else 'set nowhere, hence none'}")


@rule("GAL003", Severity.ERROR, Effect.DATA, "An empty gcomm:// is kept in a file",
      consequence="At its next start this member founds a new cluster beside the others: two databases, both "
                  "written to.",
      fix="name all members in wsrep_cluster_address; begin a cluster once, with galera_new_cluster",
      source=f"{OPTIONS}, wsrep_cluster_address", errata=("E150",))
def empty_address(cloud: Cloud) -> Hits:
    for server in servers(cloud):
        option = server.option("wsrep_cluster_address")
        if option is not None and option.value.startswith("gcomm:") and not server.members:
            yield Hit(option.at, "wsrep_cluster_address names no member")


@rule("GAL004", Severity.ERROR, Effect.PERSON, "Members know each other incompletely",
      consequence="A member cannot come back while the only peer it knows is away, or joins no cluster at "
                  "all.",
      fix="the same full wsrep_cluster_address and wsrep_cluster_name on every member", source=OPTIONS,
      errata=("E147", "E149"))
def members_differ(cloud: Cloud) -> Hits:
    members = _clustered(cloud)
    for server in members:
        if server.option("wsrep_cluster_address") is None and server.whole:
            yield Hit(server.at, "wsrep_cluster_address is set nowhere")
        own = server.option("wsrep_node_address")
        host = own.value.rpartition(":")[0] or own.value if own is not None else ""
        if own is not None and server.members and not {host, own.value} & set(server.members):
            yield Hit(own.at, "wsrep_node_address of this member is not in wsrep_cluster_address")
    for server in members[1:]:
        if server.members and members[0].members and set(server.members) != set(members[0].members):
            yield Hit(_at(server, "wsrep_cluster_address"), "other members are named than on "
                                                            f"{members[0].node}")
        ours, theirs = server.option("wsrep_cluster_name"), members[0].option("wsrep_cluster_name")
        if ours is not None and theirs is not None and ours.value != theirs.value:
            yield Hit(ours.at, f"wsrep_cluster_name differs from that on {members[0].node}")
    counts = {len(server.members) for server in members if server.members}
    for balancer, proxy in balanced(cloud):
        if balancer.service(proxy) == "mysql" and counts and len(proxy.servers) > max(counts):
            yield Hit(proxy.at, f"{proxy.name} has {len(proxy.servers)} servers, and wsrep_cluster_address "
                                f"{max(counts)} members", Severity.WARNING)


@rule("GAL005", Severity.ERROR, Effect.DATA, "Options that replication needs",
      consequence="Writes are not replicated, or conflict: rows differ between members, inserts deadlock.",
      fix="binlog_format = ROW, innodb_autoinc_lock_mode = 2, default_storage_engine = InnoDB",
      source="Galera documentation, configuring the database server")
def mandatory_options(cloud: Cloud) -> Hits:
    for server in _clustered(cloud):
        for name, wanted in (("binlog_format", "row"), ("innodb_autoinc_lock_mode", "2"),
                             ("default_storage_engine", "innodb")):
            option = server.option(name)
            if option is not None and option.value.lower() != wanted:
                yield Hit(option.at, f"{name} is not {wanted}", change=new_value(name, option.value, wanted))
        if server.option("innodb_autoinc_lock_mode") is None and server.whole:
            yield Hit(server.at, "innodb_autoinc_lock_mode is set nowhere, hence 1",
                      change=Below(("innodb_autoinc_lock_mode = 2",)))


@rule("GAL010", Severity.INFO, Effect.DATA, "No member writes its commits down at once",
      consequence="A power loss that takes all members loses the last second of commits, on every one.",
      fix="innodb_flush_log_at_trx_commit = 1 on at least one member, or power that they do not share",
      source="MariaDB Knowledge Base, innodb_flush_log_at_trx_commit; OpenStack HA guide, database")
def relaxed_everywhere(cloud: Cloud) -> Hits:
    members = tuple(_clustered(cloud))
    options = [server.option("innodb_flush_log_at_trx_commit") for server in members]
    relaxed = [option for option in options if option is not None and option.value in ("0", "2")]
    if relaxed and len(relaxed) == len(members):
        yield Hit(relaxed[0].at, f"innodb_flush_log_at_trx_commit is {relaxed[0].value} on every member that "
                                 "was read; whether they share their power no file says")


@rule("GAL006", Severity.ERROR, Effect.DATA, "The protection of the quorum is off",
      consequence="Both halves of a partition take writes, and one half's are lost when they meet again.",
      fix="remove it; only a person bootstraps, once, with SET GLOBAL "
          "wsrep_provider_options='pc.bootstrap=YES'",
      source=PARAMETERS)
def quorum_off(cloud: Cloud) -> Hits:
    for server in _clustered(cloud):
        at, options = _at(server, "wsrep_provider_options"), server.provider_options
        for name in ("pc.ignore_sb", "pc.ignore_quorum", "pc.bootstrap"):
            if options.get(name, "").lower() in ("true", "yes", "on", "1"):
                yield Hit(at, f"{name} is on", change=Swap(
                    rf"\b{re.escape(name)}(\s*=\s*){re.escape(options[name])}\b", rf"{name}\1false"))
        if options.get("pc.recovery", "").lower() in ("false", "no", "off", "0"):
            yield Hit(at, "pc.recovery is off: after a power cut of all, members do not find together by "
                          "themselves",
                      Severity.INFO, "leave it on, unless something else starts the member with the newest "
                                     "data first")


@rule("GAL007", Severity.WARNING, Effect.SLOW, "The state transfer blocks a member or cannot work",
      consequence="The return of one member takes a second one out of service, or fails.",
      fix="wsrep_sst_method = mariabackup with wsrep_sst_auth of an account for that alone, at localhost",
      source="Galera documentation, state snapshot transfers", errata=("E138",))
def state_transfer(cloud: Cloud) -> Hits:
    first: tuple[Server, Option] | None = None
    for server in _clustered(cloud):
        method, auth = server.option("wsrep_sst_method"), server.option("wsrep_sst_auth")
        auth = auth or next((option for option in server.stray if option.name == "wsrep_sst_auth"), None)
        if method is not None:
            first = first or (server, method)
            if method.value != first[1].value:
                yield Hit(method.at, f"wsrep_sst_method is {method.value}, and {first[1].value} on "
                                     f"{first[0].node}")
            if method.value in ("rsync", "mysqldump"):
                yield Hit(method.at, f"{method.value} blocks the member that gives the data")
            if method.value == "mysqldump" and auth is None and server.whole:
                yield Hit(method.at, "mysqldump needs wsrep_sst_auth")
        elif auth is not None and server.whole:
            yield Hit(auth.at, "wsrep_sst_auth without wsrep_sst_method: the default, rsync, does not use it")
        if auth is not None and auth.value.partition(":")[0].strip("\"'") == "root":
            yield Hit(auth.at, "the state transfer logs in as root")
        donor = server.option("wsrep_sst_donor")
        if donor is not None and donor.value and "," not in donor.value:
            yield Hit(donor.at,
                      "one donor only; without a comma at the end there is no other when it is down")


_EVS_DEFAULTS_S = {"evs.suspect_timeout": 5.0, "evs.inactive_timeout": 15.0, "evs.keepalive_period": 1.0,
                   "evs.inactive_check_period": 0.5}


@rule("GAL009", Severity.ERROR, Effect.OUTAGE, "Timers of the group that Galera refuses, or that differ",
      consequence="A member does not start again: a parameter is out of range. Members that disagree throw "
                  "each other out.",
      fix="suspect_timeout >= 3 x keepalive_period and >= 2 x inactive_check_period; keepalive_period <= "
          "install_timeout <= inactive_timeout; and the same on all members",
      source="gcomm's check at its start, tried with Galera 26.4.23; the manual's table of relations is "
             "another, which the defaults violate")
def group_timers(cloud: Cloud) -> Hits:
    members = _clustered(cloud)
    for server in members:
        at, options = _at(server, "wsrep_provider_options"), server.provider_options
        timers = {name: seconds for name in (*_EVS_DEFAULTS_S, "evs.install_timeout")
                  if (seconds := duration_s(options.get(name, ""))) is not None}
        for name, why, severity in _contradictions(timers) if timers else ():
            yield Hit(at, f"{name} {why}", severity)
        for name in timers:
            if options.get(name) != members[0].provider_options.get(name):
                yield Hit(at, f"{name} differs from that on {members[0].node}")


def _contradictions(given: Mapping[str, float]) -> Iterator[tuple[str, str, Severity | None]]:
    """Timer, what is wrong with it, and how bad where that is not the rule's own."""
    held = {**_EVS_DEFAULTS_S, **given}
    held.setdefault("evs.install_timeout", held["evs.inactive_timeout"] / 2)
    for shorter, parts, longer in (("keepalive_period", 3, "suspect_timeout"),
                                   ("inactive_check_period", 2, "suspect_timeout"),
                                   ("keepalive_period", 1, "install_timeout"),
                                   ("install_timeout", 1, "inactive_timeout"),
                                   ("suspect_timeout", 1, "inactive_timeout")):
        limit_s = held[f"evs.{longer}"]
        if held[f"evs.{shorter}"] * parts > limit_s * 1.000001:
            share = {1: "", 2: "half of ", 3: "a third of "}[parts]
            yield (f"evs.{shorter}", f"({_told(shorter, given, held)}) is longer than {share}evs.{longer} "
                                     f"({_told(longer, given, held)})",
                   Severity.WARNING if shorter == "suspect_timeout" else None)   # which then has no effect


def _told(name: str, given: Mapping[str, float], held: Mapping[str, float]) -> str:
    return f"{held[f'evs.{name}']:g} s" + ("" if f"evs.{name}" in given else " by default")


@rule("GAL011", Severity.WARNING, Effect.BLIND, "Reads may be older than the client's own writes",
      consequence="After a failover, or with reads spread over members, a service does not see what it has "
                  "just written.",
      fix="wsrep_sync_wait = 1 where reads go to other members, and wsrep_dirty_reads = OFF",
      source=f"{OPTIONS}, wsrep_sync_wait")
def stale_reads(cloud: Cloud) -> Hits:
    for server in _clustered(cloud):
        dirty, causal = server.option("wsrep_dirty_reads"), server.option("wsrep_causal_reads")
        if dirty is not None and dirty.is_on:
            yield Hit(dirty.at, "wsrep_dirty_reads answers from a member that has lost its cluster")
        if causal is not None:
            yield Hit(causal.at, "wsrep_causal_reads is gone in MariaDB 11.3")


@rule("GAL015", Severity.INFO, Effect.OUTAGE, "An option that other versions refuse",
      consequence="A server that does not know an option does not start: after an upgrade, or with a change "
                  "of the distribution.",
      fix="remove it where the server is MySQL 8 or newer", source="MySQL 8.0 release notes, removed "
                                                                   "variables",
      errata=("E142",), versions="gone in MySQL 8.0; MariaDB has the query cache")
def removed_options(cloud: Cloud) -> Hits:
    for server in servers(cloud):
        for option in server.options:
            if option.name.startswith("query_cache_") or option.name == "innodb_locks_unsafe_for_binlog":
                yield Hit(option.at, f"{option.name} is unknown to MySQL 8")
