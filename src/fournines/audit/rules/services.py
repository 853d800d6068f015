"""OpenStack services: brokers, queues, databases, and options that mean nothing."""

from __future__ import annotations

from fournines.audit.change import Below, Change, Remove, new_value
from fournines.audit.cloud import Cloud, Pipeline
from fournines.audit.knowledge.options import GONE, NOTHING_LOST
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.haproxy import balanced
from fournines.audit.systems.pacemaker import moving
from fournines.audit.systems.rabbitmq import brokers
from fournines.audit.systems.services import (
    Option,
    Service,
    brokers_of,
    databases_of,
    is_on,
    services,
    url_endpoints,
)
from fournines.findings import Severity

RABBIT = "oslo_messaging_rabbit"
MESSAGING = "oslo.messaging, options of the rabbit driver"
DATABASE = "oslo.db, options"


@rule("OSL001", Severity.ERROR, Effect.OUTAGE, "A service does not know all brokers",
      consequence="When that broker is lost the service stands still although the others live; behind a VIP "
                  "it keeps half-open connections.",
      fix="name every broker: transport_url = rabbit://USER:PASSWORD@ONE:5672,USER:PASSWORD@TWO:5672,.../",
      source="OpenStack HA guide, messaging", errata=("E087", "E163"))
def not_all_brokers(cloud: Cloud) -> Hits:
    counts = [len(broker.peers) for broker in brokers(cloud)]
    counts += [len(proxy.servers) for balancer, proxy in balanced(cloud) if balancer.service(proxy) == "amqp"]
    known = max(counts, default=0)
    for service in services(cloud):
        named = brokers_of(service)
        if named is None:
            continue
        option, endpoints = named
        hosts = {endpoint.host for endpoint in endpoints}
        if len(hosts) == 1 and hosts & moving(cloud):
            yield Hit(option.at, f"{service.name} reaches its brokers through the VIP {endpoints[0].host}",
                      Severity.WARNING)
        elif len(hosts) == 1 and known != 1:
            yield Hit(option.at, f"{service.name} names one broker")
        elif known > len(hosts):
            yield Hit(option.at, f"{service.name} names {len(hosts)} of {known} brokers")


@rule("OSL002", Severity.WARNING, Effect.SLOW, "Timers of messaging that contradict each other",
      consequence="A dead connection is not noticed, or a call has given up before its reply can come.",
      fix="heartbeat_timeout_threshold above 0, kombu_missing_consumer_retry_timeout at most "
          "rpc_response_timeout",
      source=MESSAGING)
def messaging_timers(cloud: Cloud) -> Hits:
    for service in services(cloud):
        beat = service.option(RABBIT, "heartbeat_timeout_threshold")
        if beat is not None and service.number(RABBIT, "heartbeat_timeout_threshold", 60) == 0:
            yield Hit(beat.at, f"{service.name} sends no heartbeats",
                      change=new_value(beat.name, beat.value, "60"))
        retry = service.option(RABBIT, "kombu_missing_consumer_retry_timeout")
        patience_s = service.number("DEFAULT", "rpc_response_timeout", 60)
        if retry is not None and service.number(RABBIT, retry.name, 60) > patience_s:
            yield Hit(retry.at, f"{service.name} looks for a consumer longer than a call waits "
                                f"({patience_s:g} s)")


@rule("OSL003", Severity.ERROR, Effect.DATA, "Queue options that contradict each other",
      consequence="One queue is declared in two ways and refused (PRECONDITION_FAILED), or is gone with its "
                  "broker.",
      fix="rabbit_quorum_queue = true everywhere, without rabbit_ha_queues", source=MESSAGING,
      errata=("E165",))
def queue_options(cloud: Cloud) -> Hits:
    chosen: dict[bool, tuple[Service, Option]] = {}
    for service in services(cloud):
        quorum, mirrored = service.option(RABBIT,
                                          "rabbit_quorum_queue"), service.option(RABBIT, "rabbit_ha_queues")
        if is_on(quorum) and mirrored is not None and is_on(mirrored):
            yield Hit(mirrored.at, f"{service.name} asks for quorum queues and for mirrored ones")
        for option in service.named("rabbit_durable_queues", "amqp_durable_queues"):
            if not is_on(option) and not is_on(quorum):
                yield Hit(option.at, f"queues of {service.name} are not durable: they are gone with their "
                                     "broker")
        named = brokers_of(service)
        if named is not None:
            chosen.setdefault(is_on(quorum), (service, named[0]))
    if len(chosen) == 2:
        (classic, at_classic), (modern, _) = chosen[False], chosen[True]
        yield Hit(at_classic.at, f"{classic.name} declares classic queues, and {modern.name} quorum queues",
                  Severity.WARNING)


@rule("OSL006", Severity.WARNING, Effect.PERSON, "A service gives up before its database is back",
      consequence="After a power cut of the whole site services end after 100 s and stay down.",
      fix="[database] max_retries = -1", source=DATABASE, errata=("E075",))
def gives_up(cloud: Cloud) -> Hits:
    for service in services(cloud):
        connection = next((option for option, _ in databases_of(service)), None)
        retries = service.option("database", "max_retries")
        if connection is not None and service.number("database", "max_retries", 10) >= 0:
            yield Hit(retries.at if retries else connection.at, f"{service.name} tries its database "
                      f"{service.number('database', 'max_retries', 10):g} times at the start, then ends",
                      change=_forever(retries, connection))


def _forever(retries: Option | None, connection: Option) -> Change | None:
    if retries is not None:
        return new_value("max_retries", retries.value, "-1")
    return Below(("max_retries = -1",)) if connection.section == "database" else None


_OF_FILTERS = ("auth_host", "auth_port", "auth_protocol", "auth_uri", "identity_uri", "admin_user",
               "admin_password", "admin_tenant_name")

_ONE_VALUE = frozenset(("bind_host", "bind_port", "connection", "transport_url", "host", "auth_url",
                        "workers",
                        "memcached_servers", "public_endpoint"))


@rule("OSL008", Severity.WARNING, Effect.BLIND, "An option without effect",
      consequence="What was meant for high availability is silently not there.",
      fix="use the option's successor, in the section that reads it",
      source="the projects' release notes; oslo-config-validator",
      errata=("E074", "E100", "E106", "E109", "E116", "E118", "E119", "E164"),
      versions="removed between Juno and Zed")
def without_effect(cloud: Cloud) -> Hits:
    for file, pipeline in cloud.documents(Pipeline):
        for section in pipeline.filters.sections:
            for entry in section.entries if section.name.startswith("filter:") else ():
                if entry.key in _OF_FILTERS:
                    yield Hit(file.at(entry.line), f"{entry.key} is read from [keystone_authtoken] of the "
                                                   "service's file, and not from here")
    for service in services(cloud):
        seen: dict[tuple[str, str], Option] = {}
        for option in service.options:
            gone = GONE.get(option.name)
            if gone is not None:
                yield Hit(option.at, f"{option.name} of {service.name} is gone: {gone}",
                          change=Remove() if option.name in NOTHING_LOST else None)
            first = seen.setdefault((option.section, option.name), option)
            if first is not option and first.at.file == option.at.file and option.name in _ONE_VALUE:
                yield Hit(option.at, f"{option.name} stands twice in [{option.section}]; this one holds",
                          Severity.WARNING if first.value != option.value else Severity.INFO)
        for option in service.named("glance_api_servers", "api_servers"):
            endpoints = url_endpoints(option.value)
            if not option.value.startswith("http") or any(endpoint.port is None for endpoint in endpoints):
                yield Hit(option.at, f"{option.name} has no scheme or port: Compute then asks port 80, not "
                                     "9292",
                          Severity.ERROR, "write http://HOST:9292, or leave it to the catalog")
