"""RabbitMQ: a cluster with a majority, queues that outlive a broker, and alarms that come late enough."""

from __future__ import annotations

import re
from difflib import get_close_matches

from fournines.artifacts.rabbitmq import Policy
from fournines.audit.change import Below, Swap, new_value
from fournines.audit.cloud import Cloud
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.rabbitmq import Broker, Setting, brokers
from fournines.audit.systems.scripts import commands
from fournines.audit.systems.services import brokers_of, is_on, services
from fournines.findings import Severity

DOCS = "RabbitMQ documentation"


@rule("RMQ001", Severity.ERROR, Effect.OUTAGE, "Fewer than three brokers, or an even number",
      consequence="With two, the loss of one leaves no majority: quorum queues stop, or both halves go on "
                  "alone.",
      fix="three or five brokers", source=f"{DOCS}, clustering", errata=("E157", "E163"))
def broker_count(cloud: Cloud) -> Hits:
    for broker in brokers(cloud):
        if broker.peers and len(broker.peers) % 2 == 0:
            yield Hit(broker.peers[-1].at, f"the cluster has {len(broker.peers)} brokers",
                      Severity.WARNING if len(broker.peers) > 2 else None)
    for service in services(cloud):
        named = brokers_of(service)
        if named is not None and len(named[1]) == 2 and not brokers(cloud):
            yield Hit(named[0].at, f"{service.name} names two brokers, which have no majority when one is "
                                   "lost")


@rule("RMQ002", Severity.ERROR, Effect.DATA, "A partition is handled unsafely",
      consequence="With ignore, which is the default, both sides go on and differ for ever; with autoheal "
                  "one side's messages are thrown away; two brokers that pause without majority both stop.",
      fix="cluster_partition_handling = pause_minority, with three brokers or more",
      source=f"{DOCS}, partitions",
      errata=("E161",), versions="RabbitMQ before 4.3, with Mnesia")
def partition_handling(cloud: Cloud) -> Hits:
    for broker in brokers(cloud):
        handling = broker.setting("cluster_partition_handling")
        if handling is None and len(broker.peers) > 1:
            yield Hit(broker.peers[0].at, "cluster_partition_handling is set nowhere, hence ignore",
                      change=Below(("cluster_partition_handling = pause_minority",), at_end=True))
        elif handling is None or not handling.value:
            continue
        elif handling.value == "ignore":
            yield Hit(handling.at, "brokers ignore a partition", change=Swap(r"\bignore\b", "pause_minority"))
        elif handling.value == "autoheal":
            yield Hit(handling.at, "after a partition the messages of the smaller side are lost",
                      Severity.WARNING, change=Swap(r"\bautoheal\b", "pause_minority"))
        elif handling.value == "pause_minority" and len(broker.peers) == 2:
            yield Hit(handling.at, "of two brokers, each pauses when the other is lost")
    handled = any(broker.setting("cluster_partition_handling") for broker in brokers(cloud))
    for script, command in commands(cloud, "rabbitmqctl"):
        if command.plain[:1] in (("cluster",), ("join_cluster",)) and not handled:
            yield Hit(script.at(command), "a cluster is formed, and cluster_partition_handling is set "
                                          "nowhere, hence ignore", Severity.WARNING)


@rule("RMQ003", Severity.ERROR, Effect.DATA, "Queues that are not replicated, or by classic mirroring",
      consequence="Queues are gone with their broker: calls in flight are lost and agents wait for a reply "
                  "that nobody sends. RabbitMQ 4 ignores mirroring policies.",
      fix="rabbit_quorum_queue = true in every service, and no ha-mode policy",
      source=f"{DOCS}, quorum queues; oslo.messaging, rabbit_quorum_queue", errata=("E166",),
      versions="mirroring was removed in RabbitMQ 4.0; x-ha-policy has had no effect since 3.0")
def no_replicated_queues(cloud: Cloud) -> Hits:
    for broker in brokers(cloud):
        for policy, at in broker.policies:
            if "ha-mode" in policy.definition:
                yield Hit(at, f"policy {policy.name} mirrors classic queues (ha-mode)")
    for service in services(cloud):
        section = "oslo_messaging_rabbit"
        replicated = is_on(service.option(section, "rabbit_quorum_queue"))
        for option in service.named("rabbit_ha_queues"):
            if is_on(option) and not replicated:
                yield Hit(option.at, f"rabbit_ha_queues of {service.name} replicates nothing: it sends "
                                     "x-ha-policy, which brokers ignore")


@rule("RMQ004", Severity.WARNING, Effect.DATA, "A mirroring policy with gaps",
      consequence="A mirror that came back stays empty and is promoted all the same; reply and fanout queues "
                  "are mirrored, which costs every call.",
      fix="quorum queues; on RabbitMQ 3: ha-mode exactly, ha-sync-mode automatic, and a pattern without "
          "amq.*, reply_* and fanout queues", source=f"{DOCS} 3.13, classic queue mirroring",
      errata=("E162",),
      versions="RabbitMQ 3")
def mirroring_gaps(cloud: Cloud) -> Hits:
    for broker in brokers(cloud):
        for policy, at in broker.policies:
            flaws = _flaws(policy)
            if "ha-mode" in policy.definition and flaws:
                yield Hit(at, f"policy {policy.name}: {', '.join(flaws)}")
    for script, command in commands(cloud, "rabbitmqctl"):
        text = " ".join(command.words)
        if "set_policy" in command.plain and "ha-mode" in text:
            what = "mirrors to all brokers" if re.search(r"ha-mode\W+all", text) else "mirrors classic queues"
            empty = "" if "automatic" in text else "; new mirrors stay empty (ha-sync-mode is not automatic)"
            yield Hit(script.at(command), f"the policy {what}{empty}")


def _flaws(policy: Policy) -> list[str]:
    flaws = []
    if policy.definition.get("ha-mode") == "all":
        flaws.append("mirrors to all brokers")
    if policy.definition.get("ha-sync-mode") != "automatic":
        flaws.append("new mirrors stay empty (ha-sync-mode is not automatic)")
    if policy.pattern in (".*", "", "^.*"):
        flaws.append("also matches reply and fanout queues")
    return flaws


@rule("RMQ006", Severity.ERROR, Effect.DATA, "A broker keeps its records in memory only",
      consequence="When the last broker with a disc is lost, so are users, virtual hosts, policies and "
                  "queues.",
      fix="disc nodes only: cluster_formation.node_type = disc, join_cluster without --ram",
      source=f"{DOCS}, deprecated features (ram_node_type)", errata=("E160",))
def ram_node(cloud: Cloud) -> Hits:
    for broker in brokers(cloud):
        kind = broker.setting("cluster_formation.node_type")
        if kind is not None and kind.value == "ram":
            yield Hit(kind.at, "joins its cluster as a RAM node")
    for script, command in commands(cloud, "rabbitmqctl"):
        if command.plain[:1] == ("join_cluster",) and command.has("--ram"):
            yield Hit(script.at(command), "joins its cluster as a RAM node")
        elif command.plain[:1] == ("cluster",):
            yield Hit(script.at(command), "without its own name in the list a broker joins as a RAM node")


@rule("RMQ007", Severity.ERROR, Effect.PERSON, "A broker's name that others cannot reach",
      consequence="The cluster does not form, or not again after a restart.",
      fix="rabbit@HOSTNAME with a host name that every node resolves",
      source=f"{DOCS}, clustering, host names",
      errata=("E084",))
def node_name(cloud: Cloud) -> Hits:
    for broker in brokers(cloud):
        named = [setting for setting in broker.environment if setting.name == "NODENAME"]
        for setting in (*named, *broker.peers):
            if setting.value.rpartition("@")[2].strip("\"'") in ("localhost", "127.0.0.1",
                                                                 "localhost.localdomain"):
                yield Hit(setting.at,
                          f"a broker is called {setting.value}, which every node takes for itself",
                          None if broker.peers else Severity.INFO)
        dotted = {"." in setting.value for setting in broker.peers}
        if len(dotted) > 1:
            yield Hit(broker.peers[0].at, "some brokers are named with their domain and some without")


_BYTES = {"": 1, "k": 1024, "kb": 1000, "kib": 1024, "m": 1024**2, "mb": 1000**2, "mib": 1024**2,
          "g": 1024**3,
          "gb": 1000**3, "gib": 1024**3, "t": 1024**4, "tb": 1000**4, "tib": 1024**4}
_LEAST_FREE_BYTES = 500 * 1000**2


@rule("RMQ008", Severity.WARNING, Effect.OUTAGE, "Limits at which the broker stops publishers",
      consequence="An alarm on one broker blocks all publishers of the cluster; one that comes too late ends "
                  "in a full disc or a killed process.",
      fix="vm_memory_high_watermark.relative = 0.4 to 0.7, disk_free_limit.absolute = 2GB or more",
      source=f"{DOCS}, production checklist")
def limits(cloud: Cloud) -> Hits:
    for broker in brokers(cloud):
        mark = broker.setting("vm_memory_high_watermark.relative")
        if mark is not None and re.fullmatch(r"[0-9]{0,3}\.?[0-9]{1,6}", mark.value):
            share = float(mark.value)
            if not 0.4 <= share <= 0.7:
                yield Hit(mark.at, f"the memory alarm comes at {share:g} of the memory")
        free = broker.setting("disk_free_limit.absolute")
        if free is not None and 0 <= (limit := _bytes(free.value)) < _LEAST_FREE_BYTES:
            yield Hit(free.at, f"the disc alarm comes with {limit / 1000**2:g} MB left",
                      Severity.INFO if limit > 50 * 1000**2 else None,
                      change=new_value("disk_free_limit.absolute", free.value, "2GB"))
        elif free is None and broker.settings and not broker.starting("disk_free_limit"):
            yield Hit(broker.at, "disk_free_limit is set nowhere, hence 50 MB",
                      change=Below(("disk_free_limit.absolute = 2GB",), at_end=True))


def _bytes(text: str) -> int:
    match = re.fullmatch(r"([0-9]{1,15}) ?([A-Za-z]{0,3})", text)
    return int(match[1]) * _BYTES.get(match[2].lower(), 1) if match else -1


@rule("RMQ010", Severity.WARNING, Effect.SLOW, "Dead connections are noticed late or never",
      consequence="A client whose broker's machine has died waits until the kernel gives up, 15 minutes by "
                  "default.",
      fix="heartbeat = 60 or less, and the same net_ticktime on all brokers",
      source=f"{DOCS}, heartbeats, nettick")
def heartbeats(cloud: Cloud) -> Hits:
    first: tuple[Broker, Setting] | None = None
    for broker in brokers(cloud):
        beat, tick = broker.setting("heartbeat"), broker.setting("net_ticktime")
        if beat is not None and beat.value == "0":
            yield Hit(beat.at, "heartbeats are off", change=new_value("heartbeat", "0", "60"))
        if tick is not None:
            first = first or (broker, tick)
            if tick.value != first[1].value:
                yield Hit(tick.at, f"net_ticktime is {tick.value}, and {first[1].value} on {first[0].node}")


_KNOWN = frozenset((
    "cluster_name", "cluster_partition_handling", "cluster_formation.peer_discovery_backend",
    "disk_free_limit.absolute",
    "cluster_partition_handling.pause_if_all_down.recover", "cluster_formation.node_type",
    "cluster_keepalive_interval",
    "disk_free_limit.relative", "vm_memory_high_watermark.relative", "vm_memory_high_watermark.absolute",
    "vm_memory_high_watermark_paging_ratio", "vm_memory_calculation_strategy", "net_ticktime", "heartbeat",
    "handshake_timeout", "channel_max", "connection_max", "frame_max", "default_vhost", "default_user",
    "default_pass",
    "default_permissions.configure", "default_permissions.read", "default_permissions.write",
    "load_definitions",
    "loopback_users", "loopback_users.guest", "consumer_timeout", "queue_master_locator",
    "queue_leader_locator",
    "mnesia_table_loading_retry_limit", "mnesia_table_loading_retry_timeout", "collect_statistics_interval",
    "log.file.level", "log.console.level", "log.connection.level", "log.file", "log.console", "log.dir",
    "mirroring_sync_batch_size", "management.tcp.port", "management.tcp.ip", "raft.wal_max_size_bytes",
    "listeners.tcp.default", "listeners.ssl.default", "num_acceptors.tcp", "tcp_listen_options.backlog",
    "ssl_options.cacertfile", "ssl_options.certfile", "ssl_options.keyfile", "ssl_options.verify",
    "ssl_options.fail_if_no_peer_cert", "default_queue_type", "max_message_size",
    "total_memory_available_override_value",
))
_WELL_MEANT = {
    "vm_memory_high_watermark": "vm_memory_high_watermark.relative",
    "disk_free_limit": "disk_free_limit.absolute",
    "rabbit.cluster_partition_handling": "cluster_partition_handling", "kernel.net_ticktime": "net_ticktime",
    "partition_handling": "cluster_partition_handling", "ha_mode": "a policy", "ha-mode": "a policy",
}
_JUDGED_NAMES = 200   # of a file: a real one has a few dozen


@rule("RMQ011", Severity.ERROR, Effect.OUTAGE, "A setting that no RabbitMQ knows",
      consequence="The broker refuses to start with its configuration: at the next restart, or the next "
                  "upgrade.",
      fix="correct the name", source=f"{DOCS}, configuration; the schemas in deps/*/priv/schema")
def unknown_setting(cloud: Cloud) -> Hits:
    for broker in brokers(cloud):
        unknown = [setting for setting in broker.settings
                   if setting.name not in _KNOWN and setting.at.file.endswith(".conf")]
        for setting in unknown[:_JUDGED_NAMES]:
            meant = _WELL_MEANT.get(setting.name) or next(
                iter(get_close_matches(setting.name[:80], _KNOWN, 1, cutoff=0.93)), "")
            if meant:
                yield Hit(setting.at, f"there is no setting {setting.name}; this is probably meant to be "
                                      f"{meant}")


@rule("RMQ012", Severity.WARNING, Effect.SECURITY, "The default account is open to the network",
      consequence="guest with its known password may do everything, from any host that reaches the broker.",
      fix="remove the account, and leave loopback_users.guest = true", source=f"{DOCS}, access control")
def guest(cloud: Cloud) -> Hits:
    for broker in brokers(cloud):
        for setting in broker.settings:
            if (setting.name, setting.value) in (("loopback_users.guest", "false"),
                                                 ("loopback_users", "none"),
                                                 ("default_pass", "guest")):
                yield Hit(setting.at,
                          "the account guest may log in from other hosts" if "loopback" in setting.name
                          else "the default account keeps the default password")
