"""Services that Pacemaker moves: whether the agent's settings and the service's own files mean the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fournines.audit.change import Below, new_value
from fournines.audit.cloud import Cloud
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems import galera
from fournines.audit.systems.pacemaker import addresses, clusters
from fournines.audit.systems.resources import Cluster, Primitive, Value
from fournines.audit.systems.services import services, url_endpoints
from fournines.findings import Place, Severity

EVERYWHERE = frozenset(("0.0.0.0", "::", "*", "[::]"))  # noqa: S104  read, not bound
DATABASES = ("mysql", "mariadb")
BROKERS = ("rabbitmq-server",)
OPENSTACK = "the agents' source: github.com/madkiss/openstack-resource-agents"


def _beside(cluster: Cluster, primitive: Primitive, *types: str) -> Iterator[Primitive]:
    """The resources of these types that must be on the same node."""
    for name in cluster.beside(primitive.id):
        each = cluster.resources.get(name)
        if each is not None and each.type in types:
            yield each


@rule("MAP001", Severity.ERROR, Effect.OUTAGE, "The database does not listen on its address",
      consequence="The start fails on every node, or clients of the address reach nobody.",
      fix="bind-address = the address of the same group", source="ocf_heartbeat_mysql(7)", errata=("E068",))
def binds_another(cloud: Cloud) -> Hits:
    bound = {server.node: option for server in galera.servers(cloud)
             if (option := server.option("bind_address")) is not None}
    for cluster in clusters(cloud):
        for each in cluster.of_type(*DATABASES):
            own = {ip.text for address in _beside(cluster, each, "IPaddr2", "IPaddr")
                   if (ip := address.parameter("ip")) is not None}
            more = each.parameter("additional_parameters")
            match = re.search(r"--bind[-_]address[= ](\S+)", more.text) if more else None
            option = bound.get(cluster.node)
            if own and more is not None and match is not None and match[1] not in own | EVERYWHERE:
                yield Hit(more.at, f"{each.id} binds {match[1]}, and its address is {', '.join(sorted(own))}")
            elif own and match is None and option is not None and option.value not in own | EVERYWHERE:
                yield Hit(option.at, f"bind_address is {option.value}, and that of {each.id} is "
                                     f"{', '.join(sorted(own))}")


@rule("MAP002", Severity.ERROR, Effect.DATA,
      "A database that fails over by crashing, without durable commits",
      consequence="Every failover is a crash: up to a second of commits is lost, or the binary log has what "
                  "the tables have not.",
      fix="innodb_flush_log_at_trx_commit = 1, sync_binlog = 1 where log_bin is set, innodb_doublewrite on",
      source="MariaDB Knowledge Base, InnoDB system variables", errata=("E076",))
def not_durable(cloud: Cloud) -> Hits:
    managed = {cluster.node for cluster in clusters(cloud) for each in cluster.of_type(*DATABASES)
               if any(_beside(cluster, each, "Filesystem"))}
    for server in galera.servers(cloud) if managed else ():
        flush, sync = server.option("innodb_flush_log_at_trx_commit"), server.option("sync_binlog")
        twice, log = server.option("innodb_doublewrite"), server.option("log_bin", "log_basename")
        if flush is not None and flush.value not in ("1", ""):
            yield Hit(flush.at, f"innodb_flush_log_at_trx_commit is {flush.value}",
                      change=new_value(flush.name, flush.value, "1"))
        if log is not None and sync is not None and sync.value == "0":
            yield Hit(sync.at, "sync_binlog is 0", change=new_value("sync_binlog", "0", "1"))
        elif log is not None and sync is None and server.whole:
            yield Hit(log.at, "sync_binlog is set nowhere, hence 0 with MariaDB", Severity.WARNING,
                      change=Below(("sync_binlog = 1",)))
        if twice is not None and not twice.is_on:
            yield Hit(twice.at, "innodb_doublewrite is off", change=new_value(twice.name, twice.value, "1"))


@rule("RMQ013", Severity.ERROR, Effect.DATA, "A broker whose records are not on the disc that moves with it",
      consequence="After a failover the other node starts an empty broker: users, virtual hosts and queues "
                  "stay where they were.",
      fix="mnesia_base below the mounted directory, where the broker had it: /var/lib/rabbitmq/mnesia",
      source="the agent's meta-data, mnesia_base", errata=("E085",))
def broker_directory(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for each in cluster.of_type(*BROKERS):
            base = each.parameter("mnesia_base")
            for filesystem in _beside(cluster, each, "Filesystem"):
                mount = filesystem.parameter("directory")
                if base is None or mount is None:
                    continue
                if base.text.rstrip("/") == mount.text.rstrip("/"):
                    yield Hit(base.at, f"mnesia_base is {base.text} itself, and an existing broker has its "
                                       f"records in {mount.text.rstrip('/')}/mnesia", Severity.WARNING)
                elif not base.text.startswith(mount.text.rstrip("/") + "/"):
                    yield Hit(base.at, f"mnesia_base is {base.text}, outside of {mount.text}")


@rule("RMQ014", Severity.ERROR, Effect.PERSON, "A moving broker with a name of the loopback",
      consequence="rabbitmqctl does not find it, and it can never be a member of a cluster.",
      fix="nodename=rabbit@NAME with a name that every node resolves to the broker's address",
      source="RabbitMQ documentation, clustering, host names", errata=("E084",))
def loopback_broker(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for each in cluster.of_type(*BROKERS):
            name = each.parameter("nodename")
            if name is None:
                yield Hit(each.at, f"{each.id} sets no nodename: the agent's is rabbit@localhost")
            elif name.text.rpartition("@")[2] in ("localhost", "127.0.0.1"):
                yield Hit(name.at, f"{each.id} is called {name.text}")


@rule("RMQ015", Severity.INFO, Effect.SLOW, "Clients reach the broker through an address that moves",
      consequence="After a failover they wait on half-open connections until heartbeats, or the kernel after "
                  "15 minutes, end them.",
      fix="heartbeats in every service (heartbeat_timeout_threshold = 60), or a cluster of brokers that "
          "clients know by name", source="OpenStack HA guide, messaging", errata=("E087",))
def broker_behind_address(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for each in cluster.of_type(*BROKERS):
            group = next((around for around in cluster.around(each.id) if around.kind == "group"), None)
            if group is not None and any(_address(cluster, member.text) for member in group.members):
                yield Hit(group.at, f"{each.id} is reached through the address of its group")


def _address(cluster: Cluster, name: str) -> bool:
    """Whether a member is an address; one that is not defined is by its name meant to be one."""
    each = cluster.resources.get(name)
    return each.type in ("IPaddr2", "IPaddr") if each else "ip" in re.split(r"[-_]", name.lower())


def _passwords(cluster: Cluster) -> Iterator[tuple[Primitive, Value]]:
    for each in cluster.primitives:
        for name, value in each.parameters.items():
            if not each.fences and re.search(r"passw(?:or)?d$|_secret$", name):
                yield each, value


@rule("SEC004", Severity.WARNING, Effect.SECURITY, "A password in Pacemaker's configuration",
      consequence="Every account of the group haclient reads it, on every node, and so does everybody who is "
                  "sent a cluster report.",
      fix="crm resource secret RESOURCE set NAME, or an account that may only look",
      source="Pacemaker Administration, cibsecret", errata=("E094",))
def password_in_cib(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for each, value in _passwords(cluster):
            if value.text and not value.text.startswith("lrm://"):
                yield Hit(value.at, f"{each.id} has a password in clear text")


@rule("OCF001", Severity.ERROR, Effect.OUTAGE, "Agents log in as one user with different passwords",
      consequence="All monitors but those with the right one fail: their services are restarted for ever, "
                  "then stay down.",
      fix="one password, or one account for each agent", source=OPENSTACK, errata=("E093",))
def passwords_differ(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        first: dict[str, tuple[Primitive, Value]] = {}
        for each in cluster.primitives:
            user, password = each.parameter("os_username"), each.parameter("os_password")
            if user is None or password is None:
                continue
            other, value = first.setdefault(user.text, (each, password))
            if value.text != password.text:
                yield Hit(password.at, f"{each.id} logs in as {user.text} with another password than "
                                       f"{other.id}")


@rule("PCM027", Severity.WARNING, Effect.OUTAGE, "A monitor that needs another service",
      consequence="When Keystone or the database is slow, all monitors fail at once and every API is "
                  "restarted.",
      fix="monitor the daemon itself: url=http://ADDRESS:PORT/healthcheck, without a login",
      source=OPENSTACK, errata=("E095",))
def borrowed_monitor(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for each in cluster.primitives:
            login = each.parameter("os_auth_url", "keystone_get_token_url")
            if login is not None and each.type != "keystone" and each.parameter("os_password") is not None:
                yield Hit(login.at, f"each monitor of {each.id} logs in to Keystone first")


_LISTENS = {
    "cinder-api": ("cinder", ("osapi_volume_listen",), "http://127.0.0.1:8776/v1/"),
    "neutron-server": ("neutron", ("bind_host",), "http://127.0.0.1:9696"),
    "nova-api": ("nova", ("osapi_compute_listen",), "http://127.0.0.1:8774/v2/"),
}


@rule("OCF002", Severity.ERROR, Effect.OUTAGE, "A monitor asks where the service does not listen",
      consequence="The monitor never succeeds: the start fails on every node and the service stays down.",
      fix="url=http://ADDRESS:PORT of what the service binds", source=OPENSTACK, errata=("E112", "E113"))
def asks_elsewhere(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for each in cluster.of_type(*_LISTENS):
            project, names, default = _LISTENS[each.type]
            url = each.parameter("url")
            asked = {endpoint.host for endpoint in url_endpoints(url.text if url else default)}
            bound = {option.value for service in services(cloud)
                     if service.project == project and service.node == cluster.node
                     for option in service.named(*names)}
            if each.agent.startswith("ocf:openstack:") and bound and not bound & (asked | EVERYWHERE):
                yield Hit(url.at if url else each.at, f"the monitor of {each.id} asks "
                          f"{', '.join(sorted(asked))}, and the service listens on "
                          f"{', '.join(sorted(bound))}")


_FLAWS = {
    "neutron-agent-l3": "its monitor looked for a connection to port 9696, which the agent does not have "
                        "(before July 2014), its meta-data did not know plugin_config (before October 2014), "
                        "and its stop leaves addresses and namespaces behind: two nodes answer for one "
                        "gateway",
    "neutron-agent-dhcp": "its stop kills every dnsmasq of the node, libvirt's too",
    "neutron-dhcp-agent": "the agent that was meant, neutron-agent-dhcp, kills every dnsmasq of the node "
                          "when it stops, libvirt's too",
}


@rule("OCF003", Severity.ERROR, Effect.OUTAGE, "An agent that is known to do harm",
      consequence="Failover takes more down than it brings up.",
      fix="Neutron's own high availability: l3_ha = true, dhcp_agents_per_network = 2", source=OPENSTACK,
      errata=("E123", "E124", "E125", "E128"))
def harmful_agent(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for each in cluster.of_type(*_FLAWS) if not cluster.ours else ():
            if each.agent.startswith("ocf:openstack:"):
                yield Hit(each.at, f"{each.type}: {_FLAWS[each.type]}")


_NATIVE = {
    "neutron-agent-l3": "routers are highly available by themselves since Juno (l3_ha)",
    "neutron-agent-dhcp": "several agents serve one network (dhcp_agents_per_network)",
    "neutron-dhcp-agent": "several agents serve one network (dhcp_agents_per_network)",
    "neutron-metadata-agent": "the agent keeps no state: let it run on every node",
    "ceilometer-agent-central": "several agents share the work since Juno (coordination, backend_url)",
}


@rule("OCF004", Severity.WARNING, Effect.SLOW, "Active and passive where all can be active",
      consequence="A failover takes as long as a start, and one node does nothing.",
      fix="run it on every node, without Pacemaker", source="the services' administrator guides",
      errata=("E117", "E132", "E198", "E199"), versions="since OpenStack Juno")
def native_instead(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for each in cluster.of_type(*_NATIVE):
            if each.agent.startswith("ocf:openstack:") and not any(around.kind != "group"
                                                                   for around in cluster.around(each.id)):
                yield Hit(each.at, f"{each.id}: {_NATIVE[each.type]}",
                          Severity.INFO if cluster.ours else None)


@rule("OSL010", Severity.ERROR, Effect.OUTAGE, "An address behind which nobody runs the service",
      consequence="Every request to it is refused, on whichever node the address is.",
      fix="add the service to the address's group", source="the files of both sides", errata=("E104",))
def nobody_behind(cloud: Cloud) -> Hits:
    moved = addresses(cloud)
    for service in services(cloud):
        for option in service.named("registry_host"):
            found = moved.get(option.value)
            if found is None:
                continue
            cluster, address = found
            types = {cluster.resources[name].type for name in cluster.beside(address.id)
                     if name in cluster.resources}
            if types - {"IPaddr2"} and "glance-registry" not in types:
                yield Hit(option.at, f"{option.name} is {option.value}, where {address.id} is, and no "
                                     "glance-registry runs with it")


@rule("GLA003", Severity.WARNING, Effect.DATA, "Images on the disc of whichever node Glance runs on",
      consequence="After a failover every image that was uploaded before is gone.",
      fix="a store that all nodes reach (Swift, RBD, NFS), or a file system that moves in the same group",
      source="OpenStack HA guide, storage", errata=("E111",))
def images_left_behind(cloud: Cloud) -> Hits:
    stores = ("stores", "default_store", "enabled_backends", "default_backend", "filesystem_store_datadir")
    for cluster in clusters(cloud):
        for each in cluster.of_type("glance-api"):
            chosen = [option for service in services(cloud) if service.project == "glance"
                      and service.node == cluster.node for option in service.named(*stores)]
            elsewhere = any(re.search(r"rbd|swift|s3|cinder", option.value) for option in chosen)
            if not elsewhere and not any(_beside(cluster, each, "Filesystem")):
                at: Place = chosen[0].at if chosen else each.at
                yield Hit(at, f"{each.id} moves between nodes, and its images are in a directory that does "
                              "not", Severity.INFO if cluster.ours else None)   # ours has the layer images
