"""Secrets that all nodes must have alike: Erlang's cookie, and the keys of Keystone. Compared as digests."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fournines.artifacts import secret_file
from fournines.audit.cloud import Cloud, File
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.rabbitmq import brokers
from fournines.audit.systems.services import is_on, services
from fournines.findings import Severity

COOKIE_LENGTH = 20
"""What Erlang and RabbitMQ make themselves is 20 random letters."""

_KEYS = re.compile(r"/etc/keystone/(?P<kind>fernet|credential)-keys/(?P<number>[0-9]+)")
_OTHERS = 0o007


def _secrets(cloud: Cloud) -> Iterator[tuple[File, secret_file.Document]]:
    return cloud.documents(secret_file.Document)


@rule("RMQ005", Severity.ERROR, Effect.PERSON, "The Erlang cookie",
      consequence="A broker with another cookie cannot join after its restart; one whose cookie others may "
                  "read does not start; whoever guesses it runs what he likes on all nodes.",
      fix="the same random text of 20 letters or more in /var/lib/rabbitmq/.erlang.cookie of all nodes, mode "
          "0400, and in no environment", source="RabbitMQ documentation, clustering: the Erlang cookie")
def cookie(cloud: Cloud) -> Hits:
    first: tuple[File, secret_file.Document] | None = None
    for file, secret in _secrets(cloud):
        if not file.path.endswith("/.erlang.cookie"):
            continue
        first = first or (file, secret)
        if secret.digest != first[1].digest:
            yield Hit(file.at(), f"it is another than that of {first[0].node}")
        if secret.length < COOKIE_LENGTH:
            yield Hit(file.at(), f"it has {secret.length} characters", Severity.WARNING)
        if file.mode is not None and file.mode & 0o077:
            yield Hit(file.at(), f"its mode is {file.mode:04o}, with which no broker starts")
    given = {broker.node: setting for broker in brokers(cloud) for setting in broker.environment
             if setting.name == "ERLANG_COOKIE" or "-setcookie" in setting.value}
    for node, setting in given.items():
        if len(given) < len(brokers(cloud)):
            yield Hit(setting.at, f"{node} has its cookie from the environment, and others have not")


@rule("RMQ009", Severity.ERROR, Effect.OUTAGE, "Queues that the broker refuses to declare",
      consequence="Replies and fanouts have no queue: no call between services is ever answered.",
      fix="[oslo_messaging_rabbit] rabbit_transient_quorum_queue = true and rabbit_stream_fanout = true, or "
          "deprecated_features.permit.transient_nonexcl_queues = true",
      source="RabbitMQ documentation, deprecated features; oslo.messaging, options of the rabbit driver",
      versions="RabbitMQ from 3.12, where the feature is switched off")
def refused_queues(cloud: Cloud) -> Hits:
    refusing = [setting for broker in brokers(cloud) for setting in broker.settings
                if setting.name == "deprecated_features.permit.transient_nonexcl_queues"
                and setting.value == "false"]
    for service in services(cloud) if refusing else ():
        using = service.option("DEFAULT", "transport_url")
        if using is None:
            continue
        for name in ("rabbit_transient_quorum_queue", "rabbit_stream_fanout"):
            option = service.option("oslo_messaging_rabbit", name)
            if not is_on(option):
                yield Hit((option or using).at, f"{service.name} declares transient queues ({name} is off), "
                                                f"which {refusing[0].at} forbids")


@rule("KEY001", Severity.ERROR, Effect.OUTAGE, "Keys of Keystone that differ between nodes",
      consequence="A token is good on one node only: behind the load balancer every other request is "
                  "refused; credentials encrypted there cannot be read here.",
      fix="rotate on one node and copy the whole directory to the others at once, mode 0600",
      source="Keystone administrator guide, Fernet token FAQ and credential encryption")
def unlike_keys(cloud: Cloud) -> Hits:
    repositories: dict[str, dict[str, dict[str, tuple[File, secret_file.Document]]]] = {}
    for file, secret in _secrets(cloud):
        match = _KEYS.fullmatch(file.path)
        if match is not None:
            of_kind = repositories.setdefault(match["kind"], {})
            of_kind.setdefault(file.node, {})[match["number"]] = file, secret
            if file.mode is not None and file.mode & _OTHERS:
                yield Hit(file.at(), f"everybody on the node can use it (mode {file.mode:04o})",
                          Severity.WARNING)
    for kind, of_kind in repositories.items():
        first, *others = sorted(of_kind)
        for node in others:
            yield from _differences(of_kind[first], of_kind[node], first)
        for service in services(cloud):
            if service.name == "keystone" and service.node not in of_kind:
                yield Hit(service.file.at(), f"{service.node} has no {kind} keys, and {first} has")


def _differences(ones: dict[str, tuple[File, secret_file.Document]],
                 others: dict[str, tuple[File, secret_file.Document]], first: str) -> Hits:
    """Key 0 is the next one, which a rotation under way has on one node before the others."""
    for number, (file, secret) in others.items():
        if number != "0" and number not in ones:
            yield Hit(file.at(), f"{first} has no key {number}")
        elif number != "0" and ones[number][1].digest != secret.digest:
            yield Hit(file.at(), f"key {number} is another than that of {first}")
    for number, (file, _) in ones.items():
        if number != "0" and number not in others:
            yield Hit(file.at(), f"only some nodes have key {number}")
