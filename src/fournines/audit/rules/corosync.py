"""Corosync: links, timers, authentication, and keys that mean nothing any more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, ip_address

from fournines.artifacts.corosync import Section
from fournines.audit.change import Remove, new_value
from fournines.audit.cloud import Cloud
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.corosync import CONSENSUS_FACTOR, DEFAULT_TOKEN_MS, Membership, memberships
from fournines.audit.systems.goal import detection_s
from fournines.audit.systems.haproxy import balancers
from fournines.audit.systems.pacemaker import moving
from fournines.audit.systems.services import databases_of, services
from fournines.findings import Severity

MANUAL = "corosync.conf(5)"


@rule("COR008", Severity.ERROR, Effect.OUTAGE, "consensus is too short",
      consequence="Under load the membership falls apart and forms again; healthy nodes are fenced.",
      fix=f"remove consensus: it is then {CONSENSUS_FACTOR} of token (two members may have less, down to "
          "join)", source=f"{MANUAL}, consensus")
def short_consensus(cloud: Cloud) -> Hits:
    for membership in memberships(cloud):
        entry = membership.entry("totem", "consensus")
        if entry is None or membership.consensus_ms >= _least_consensus_ms(membership):
            continue
        fatal = len(membership.nodes) > 1 and membership.consensus_ms <= membership.token_ms
        yield Hit(membership.file.at(entry.line), f"consensus {membership.consensus_ms} ms, and an effective "
                                                  f"token of {membership.token_ms} ms",
                  None if fatal else Severity.WARNING, change=Remove())


def _least_consensus_ms(membership: Membership) -> float:
    """Of two members each sees at once whether the other agrees; below join, Corosync does not start."""
    pair = len(membership.nodes) == 2
    return membership.join_ms if pair else CONSENSUS_FACTOR * membership.token_ms


@rule("COR009", Severity.ERROR, Effect.OUTAGE, "corosync.conf is not the same on all nodes",
      consequence="Members wait for different times and count different votes; a node may not be able to "
                  "join.",
      fix="write the file of all nodes from one source, and raise config_version", source=MANUAL)
def not_the_same(cloud: Cloud) -> Hits:
    all_of = memberships(cloud)
    for membership in all_of[1:]:
        first, other = all_of[0], dict(_settings(membership.document.sections, ""))
        expected = dict(_settings(first.document.sections, ""))
        for name in (*other, *(name for name in expected if name not in other)):
            value, line = other.get(name, ("not set", 0))
            theirs = expected.get(name, ("not set", 0))[0]
            if value != theirs:
                yield Hit(membership.file.at(line), f"{name} is {value}, and {theirs} on {first.file.node}")


def _settings(sections: Iterable[Section], above: str) -> Iterator[tuple[str, tuple[str, int]]]:
    """section.key -> (value, line); what names the node's own network, or a key, is left out."""
    counts: dict[str, int] = {}
    for section in sections:
        counts[section.name] = counts.get(section.name, 0) + 1
        name = f"{above}{section.name}" + (f"[{counts[section.name]}]" if counts[section.name] > 1 else "")
        for entry in section.entries:
            if entry.key not in ("bindnetaddr", "key"):
                yield f"{name}.{entry.key}", (entry.value, entry.line)
        yield from _settings(section.sections, f"{name}.")


@rule("COR017", Severity.ERROR, Effect.SECURITY, "The key of the membership stands in corosync.conf",
      consequence="The file is readable by everybody: whoever has the key can throw nodes out or join.",
      fix="corosync-keygen, /etc/corosync/authkey with mode 0400 on all nodes, and no key here",
      source=MANUAL)
def key_in_the_file(cloud: Cloud) -> Hits:
    for membership in memberships(cloud):
        entry = membership.entry("totem", "key")
        if entry is not None:
            yield Hit(membership.file.at(entry.line), "totem has a key")


@rule("COR010", Severity.ERROR, Effect.OUTAGE, "A single heartbeat link",
      consequence="One switch or cable splits the cluster.",
      fix="transport: knet, and ring0_addr and ring1_addr on two networks for each node", source=MANUAL,
      errata=("E026",))
def single_link(cloud: Cloud) -> Hits:
    for membership in memberships(cloud):
        if membership.transport in ("udp", "udpu"):
            interfaces = membership.sections("totem", "interface")
            yield Hit(membership.at("totem", "transport"), f"transport {membership.transport} has one link")
            for interface in interfaces[1:]:
                yield Hit(membership.file.at(interface.line), "Corosync 3 refuses a second interface with "
                                                              f"transport {membership.transport}")
            continue
        for node in membership.nodes:
            if node.last("ring0_addr") is not None and node.last("ring1_addr") is None:
                yield Hit(membership.file.at(node.line), "a node has one address for heartbeats only")


@rule("COR011", Severity.ERROR, Effect.OUTAGE, "Heartbeat links that fail together",
      consequence="A flood of requests, a resync, or the one switch below both takes all heartbeats at once.",
      fix="a network of its own for at least one link, on another switch", source=MANUAL, errata=("E027",))
def links_not_apart(cloud: Cloud) -> Hits:
    used = _client_addresses(cloud)
    for membership in memberships(cloud):
        for interface in membership.sections("totem", "interface"):
            entry = interface.last("bindnetaddr")
            network = _network(entry.value) if entry is not None else None
            shared = sorted(address for address in used if network and _inside(address, network))
            if entry is not None and shared:
                yield Hit(membership.file.at(entry.line), f"heartbeats share the network of {shared[0]}, "
                                                          "which clients use", Severity.WARNING)
        for node in membership.nodes:
            first, second = node.last("ring0_addr"), node.last("ring1_addr")
            network = _network(first.value) if first is not None else None
            if second is not None and network is not None and _inside(second.value, network):
                yield Hit(membership.file.at(second.line), "both links of a node are in one network")


def _client_addresses(cloud: Cloud) -> set[str]:
    listened = {bind.address for balancer in balancers(cloud) for proxy in balancer.proxies
                for bind in proxy.binds}
    asked = {endpoint.host for service in services(cloud) for _, endpoint in databases_of(service)}
    return listened | asked | set(moving(cloud))


def _network(text: str) -> IPv4Network | None:
    """The /24 of an address: the usual network, since corosync.conf names no prefix length."""
    try:
        return IPv4Network(f"{text}/24", strict=False)
    except ValueError:
        return None


def _inside(address: str, network: IPv4Network) -> bool:
    try:
        return ip_address(address) in network
    except ValueError:
        return False


@rule("COR012", Severity.WARNING, Effect.SLOW, "A lost node is noticed too late or too early",
      consequence="Nothing is taken over until the new membership is formed; with a token below a second a "
                  "paused node is fenced.",
      fix="token: 3000, and nothing else: consensus follows from it, retransmits happen inside it",
      source=f"{MANUAL}, token and consensus", errata=("E033",))
def detection_time(cloud: Cloud) -> Hits:
    for membership in memberships(cloud):
        noticed_s, limit_s = (membership.token_ms + membership.consensus_ms) / 1000, detection_s(cloud)
        at, token = membership.at("totem", "token"), membership.entry("totem", "token")
        calm = new_value("token", token.value, str(DEFAULT_TOKEN_MS)) if token is not None else None
        if noticed_s > limit_s:
            yield Hit(at, f"a lost node is noticed after {noticed_s:g} s (token {membership.token_ms} ms "
                          f"and consensus {membership.consensus_ms} ms), which is over {limit_s:g} s",
                      change=calm)
        elif membership.token_ms < 1000:
            yield Hit(at, f"the token is {membership.token_ms} ms: a short pause of a node looks like its "
                          "death", change=calm)
        count = membership.entry("totem", "token_retransmits_before_loss_const")
        if count is not None and count.value != "4":
            yield Hit(membership.file.at(count.line), "more retransmits do not make the time longer: they "
                                                      "happen within the token's", Severity.INFO,
                      change=Remove())


@rule("COR013", Severity.WARNING, Effect.SECURITY, "Membership is neither authenticated nor encrypted",
      consequence="Any host on the network can send membership messages: nodes are thrown out or let in.",
      fix="crypto_hash: sha256 and crypto_cipher: aes256, with one authkey on all nodes", source=MANUAL)
def no_crypto(cloud: Cloud) -> Hits:
    for membership in memberships(cloud):
        secure = membership.value("totem", "secauth") in ("on", "yes", "1")
        hashed = membership.value("totem", "crypto_hash") not in ("", "none")
        if membership.sections("totem") and not secure and not hashed:
            yield Hit(membership.at("totem", "crypto_hash"), "totem has no crypto_hash")


@rule("COR014", Severity.ERROR, Effect.OUTAGE, "Encryption that keeps Corosync from starting",
      consequence="Corosync ends at its next start, which is the one after a failure.",
      fix="transport: knet with both crypto_hash and crypto_cipher; no secauth",
      source="corosync -t of 3.1.7", errata=("E022",), versions="Corosync 3")
def crypto_refused(cloud: Cloud) -> Hits:
    for membership in memberships(cloud):
        for key in ("secauth", "crypto_cipher", "crypto_hash"):
            value = membership.value("totem", key)
            if value not in ("", "off", "no", "0", "none") and membership.transport in ("udp", "udpu"):
                yield Hit(membership.at("totem", key), f"{key} with transport {membership.transport}, which "
                                                       "Corosync 3 refuses")
        if (membership.value("totem", "crypto_cipher") not in ("", "none")
                and membership.value("totem", "crypto_hash") in ("", "none")
                and membership.value("totem", "secauth") not in ("on", "yes")):
            yield Hit(membership.at("totem", "crypto_cipher"), "crypto_cipher without crypto_hash")


_GONE_KEYS = {("totem", "vsftype"): "left in 2.3.4", ("totem", "threads"): "is of Corosync 1",
              ("totem", "rrp_mode"): "left in 3.0: there is no second ring although it looks so"}
_GONE_SECTIONS = {"amf": "left in 2.0", "service": "is of Corosync 1: Pacemaker has its own unit",
                  "aisexec": "is of OpenAIS"}


@rule("COR015", Severity.WARNING, Effect.BLIND, "Keys that Corosync ignores",
      consequence="A redundancy or protection that the file promises is not there; Corosync says nothing.",
      fix="delete them; knet links are the successor of rings", source="corosync's git history; corosync -t "
                                                                       "of 3.1.7",
      errata=("E021", "E023", "E024", "E028", "E029", "E030", "E032"), versions="Corosync 2 and 3")
def ignored_keys(cloud: Cloud) -> Hits:
    for membership in memberships(cloud):
        for (section, key), why in _GONE_KEYS.items():
            if membership.entry(section, key) is not None:
                yield Hit(membership.at(section, key), f"{key} {why}", change=Remove())
        for name, why in _GONE_SECTIONS.items():
            if membership.sections(name):
                yield Hit(membership.at(name), f"the section {name} {why}", change=Remove(block=True))
        for logger in membership.sections("logging", "logger_subsys"):
            tags, subsystem = logger.last("tags"), logger.last("subsys")
            if tags is not None:
                yield Hit(membership.file.at(tags.line), "tags is no key any more", change=Remove())
            if subsystem is not None and subsystem.value == "AMF":
                yield Hit(membership.file.at(subsystem.line), "there is no subsystem AMF any more")


@rule("COR016", Severity.ERROR, Effect.OUTAGE, "Nodes without a proper id",
      consequence="Corosync refuses the file, or a node joins as a stranger whom fencing does not know.",
      fix="a nodelist with ring0_addr, a nodeid of its own (not 0) and name for each node", source=MANUAL,
      errata=("E019",), versions="Corosync 3")
def node_ids(cloud: Cloud) -> Hits:
    for membership in memberships(cloud):
        if not membership.nodes:
            yield Hit(membership.file.at(), "there is no nodelist; Corosync 3 then finds no name for its own "
                                            "host")
        yield from _ids(membership)


def _ids(membership: Membership) -> Iterator[Hit]:
    seen: set[str] = set()
    for node in membership.nodes:
        nodeid = node.last("nodeid")
        if nodeid is None or nodeid.value == "0":
            yield Hit(membership.file.at(nodeid.line if nodeid else node.line), "a node has no nodeid")
        elif nodeid.value in seen:
            yield Hit(membership.file.at(nodeid.line), f"the nodeid {nodeid.value} is another node's too")
        else:
            seen.add(nodeid.value)


@rule("COR020", Severity.INFO, Effect.BLIND, "A daemon that logs to standard error",
      consequence="Its messages are lost or come twice in the journal: less evidence after an incident.",
      fix="to_stderr: no and to_syslog: yes", source=MANUAL, errata=("E031",))
def log_to_stderr(cloud: Cloud) -> Hits:
    for membership in memberships(cloud):
        if membership.value("logging", "to_stderr") in ("yes", "on", "1"):
            yield Hit(membership.at("logging", "to_stderr"), "logs go to standard error",
                      change=new_value("to_stderr", membership.value("logging", "to_stderr"), "no"))
