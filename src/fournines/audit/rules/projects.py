"""What single OpenStack projects need to survive a node: Keystone, Glance, Cinder, Neutron, Nova."""

from __future__ import annotations

from fournines.audit.change import Below, new_value
from fournines.audit.cloud import Cloud
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.pacemaker import moving, runs_once
from fournines.audit.systems.services import Option, Service, is_on, services
from fournines.findings import Severity

_GLANCE = ("glance-api", "openstack-glance-api")
_DHCP_AGENTS = ("neutron-agent-dhcp", "neutron-dhcp-agent")
_L3_AGENTS = ("neutron-agent-l3", "neutron-l3-agent")


def _daemons(cloud: Cloud, name: str) -> tuple[Service, ...]:
    return tuple(service for service in services(cloud) if service.name == name)


@rule("KEY002", Severity.ERROR, Effect.OUTAGE, "Too few Fernet keys are kept",
      consequence="A rotation throws away the key that valid tokens were signed with: everybody is logged "
                  "out.",
      fix="max_active_keys = (token lifetime + allow_expired_window) / rotation interval + 2, at least 3",
      source="Keystone administrator guide, Fernet token FAQ")
def few_keys(cloud: Cloud) -> Hits:
    for service in _daemons(cloud, "keystone"):
        option = service.option("fernet_tokens", "max_active_keys")
        if option is not None and service.number("fernet_tokens", "max_active_keys", 3) < 3:
            yield Hit(option.at, f"max_active_keys is {option.value}")


@rule("GLA001", Severity.INFO, Effect.DATA, "Image files on a node's own disc, perhaps",
      consequence="Where the directory is each node's own, half of all requests for an image fail, and "
                  "images are lost with their node.",
      fix="make sure that the directory is shared, or use a store that is (RBD, Swift, S3)",
      source="OpenStack HA guide, storage", errata=("E111",))
def local_images(cloud: Cloud) -> Hits:
    daemons = _daemons(cloud, "glance-api")
    for service in daemons if len({service.node for service in daemons}) > 1 else ():
        for option in service.named("filesystem_store_datadir"):
            if not option.section.startswith("os_glance_"):
                yield Hit(option.at, f"not known from these files: whether all nodes share the directory of "
                                     f"[{option.section}]")


@rule("GLA002", Severity.ERROR, Effect.OUTAGE, "Image imports that only their own node can finish",
      consequence="An upload is staged on one node, the import is asked of another, and fails.",
      fix="worker_self_reference_url = http://NODE:9292, another one on each node",
      source="Glance administrator guide, interoperable image import")
def import_staging(cloud: Cloud) -> Hits:
    daemons = _daemons(cloud, "glance-api")
    if len({service.node for service in daemons}) < 2 or runs_once(cloud, *_GLANCE):
        return
    taken: dict[str, Service] = {}
    for service in daemons:
        option = service.option("DEFAULT", "worker_self_reference_url")
        if option is None:
            yield Hit(service.file.at(), "glance-api has no worker_self_reference_url")
        elif (other := taken.setdefault(option.value, service)) is not service:
            yield Hit(option.at, f"worker_self_reference_url is that of {other.node} too")


@rule("CIN001", Severity.ERROR, Effect.PERSON, "Volumes bound to one cinder-volume, or served by two",
      consequence="Two that serve one array under one name overwrite each other; under two names volumes "
                  "stay with the one that died.",
      fix="cluster = NAME on all with [coordination] backend_url of etcd or redis; or one at a time under "
          "Pacemaker",
      source="Cinder contributor guide, high availability", errata=("E114",))
def volume_owner(cloud: Cloud) -> Hits:
    taken: dict[str, Service] = {}
    for service in _daemons(cloud, "cinder"):
        host = service.option("DEFAULT", "backend_host") or service.option("DEFAULT", "host")
        cluster = service.option("DEFAULT", "cluster")
        if cluster is None and host is not None:
            other = taken.setdefault(host.value, service)
            if other is not service:
                yield Hit(host.at, f"cinder-volume has the host of that on {other.node}, and no cluster")
        url = service.option("coordination", "backend_url")
        if cluster is not None and (url is None or url.value.startswith("file:")):
            yield Hit(url.at if url else cluster.at, "cluster without a coordination that is common to all "
                                                     "nodes")


@rule("NEU001", Severity.ERROR, Effect.OUTAGE, "One DHCP agent for each network",
      consequence="When its node is lost, instances of its networks get no address.",
      fix="dhcp_agents_per_network = 2", source="Neutron configuration reference, dhcp_agents_per_network",
      errata=("E132",), versions="ML2 with the agents of Open vSwitch or Linux bridge")
def dhcp_agents(cloud: Cloud) -> Hits:
    for service in () if runs_once(cloud, *_DHCP_AGENTS) else _daemons(cloud, "neutron"):
        option = service.option("DEFAULT", "dhcp_agents_per_network")
        if option is not None and service.number("DEFAULT", "dhcp_agents_per_network", 1) < 2:
            yield Hit(option.at, f"dhcp_agents_per_network is {option.value}",
                      change=new_value(option.name, option.value, "2"))
        elif option is None and _has_routers(service):
            yield Hit(_plugins(service).at, "dhcp_agents_per_network is not set, hence 1",
                      change=Below(("dhcp_agents_per_network = 2",)))


@rule("NEU002", Severity.ERROR, Effect.OUTAGE, "Routers on one node",
      consequence="When it is lost, every network behind its routers is cut off.",
      fix="l3_ha = true with max_l3_agents_per_router = 2 or 3",
      source="Neutron configuration reference, l3_ha", errata=("E198",), versions="ML2 with the L3 agent")
def routers_not_redundant(cloud: Cloud) -> Hits:
    for service in () if runs_once(cloud, *_L3_AGENTS) else _daemons(cloud, "neutron"):
        available, moved = service.option("DEFAULT", "l3_ha"), service.option(
            "DEFAULT", "allow_automatic_l3agent_failover")
        if is_on(available):
            agents = service.option("DEFAULT", "max_l3_agents_per_router")
            if agents is not None and service.number("DEFAULT", agents.name, 3) == 1:
                yield Hit(agents.at, "max_l3_agents_per_router is 1", change=new_value(agents.name, "1", "2"))
        elif _has_routers(service) and not is_on(moved):
            yield Hit((available or _plugins(service)).at, "l3_ha is off, and so is "
                                                           "allow_automatic_l3agent_failover",
                      change=new_value("l3_ha", available.value, "true") if available
                      else Below(("l3_ha = true",)))


def _has_routers(service: Service) -> bool:
    """Whether this is the server of a cloud whose routers are those of the L3 agent."""
    option = service.option("DEFAULT", "service_plugins")
    return option is not None and bool(
        {"router", "neutron.services.l3_router.l3_router_plugin.L3RouterPlugin"}
        & {part.strip() for part in option.value.split(",")})


def _plugins(service: Service) -> Option:
    option = service.option("DEFAULT", "service_plugins")
    assert option is not None
    return option


@rule("NEU003", Severity.ERROR, Effect.OUTAGE, "One database of OVN where there are several",
      consequence="When that one is lost, or is not the leader any more, networks cannot be changed.",
      fix="name all members: tcp:ONE:6641,tcp:TWO:6641,tcp:THREE:6641", versions="Neutron with OVN",
      source="Neutron configuration reference, ovn_nb_connection and ovn_sb_connection")
def ovn_endpoints(cloud: Cloud) -> Hits:
    for service in services(cloud):
        for name in ("ovn_nb_connection", "ovn_sb_connection"):
            option = service.option("ovn", name)
            named = [part.strip() for part in option.value.split(",") if part.strip()] if option else []
            if option is None or len(named) != 1 or len(cloud.nodes) < 2 or named[0].startswith("unix:"):
                continue
            host = named[0].partition(":")[2].rpartition(":")[0]
            if host not in moving(cloud):
                yield Hit(option.at, f"{name} names {host or named[0]} alone")


@rule("NEU004", Severity.ERROR, Effect.SLOW, "Agents are taken for dead, or for each other",
      consequence="Routers and networks are moved away from agents that are well; two agents of one name "
                  "fight.",
      fix="agent_down_time = 75 with report_interval = 30, and host left to the node's name",
      source="Neutron configuration reference, agent_down_time")
def agent_liveness(cloud: Cloud) -> Hits:
    for service in _daemons(cloud, "neutron"):
        down = service.option("DEFAULT", "agent_down_time")
        interval_s = service.number("agent", "report_interval", 30)
        down_s = service.number("DEFAULT", "agent_down_time", 75)
        if down_s < 2 * interval_s:
            at = down or service.option("agent", "report_interval")
            longer = f"{max(75, 2.5 * interval_s):g}"
            yield Hit(at.at if at else service.file.at(), f"agent_down_time {down_s:g} s is less than two "
                                                          f"intervals of {interval_s:g} s",
                      change=new_value(down.name, down.value, longer) if down else None)
    taken: dict[str, Service] = {}
    for service in () if runs_once(cloud, *_DHCP_AGENTS, *_L3_AGENTS) else _daemons(cloud, "neutron"):
        host = service.option("DEFAULT", "host")
        if host is not None and (other := taken.setdefault(host.value, service)) is not service:
            yield Hit(host.at, f"host is that of {other.node} too")


@rule("NOV001", Severity.ERROR, Effect.SLOW, "Services are taken for dead between two reports",
      consequence="Schedulers pass over computes that are well, and evacuation takes their instances.",
      fix="service_down_time = 60 with report_interval = 10",
      source="nova and cinder configuration references, service_down_time")
def service_liveness(cloud: Cloud) -> Hits:
    for service in (*_daemons(cloud, "nova"), *_daemons(cloud, "cinder")):
        option = service.option("DEFAULT",
                                "service_down_time") or service.option("DEFAULT", "report_interval")
        down_s = service.number("DEFAULT", "service_down_time", 60)
        interval_s = service.number("DEFAULT", "report_interval", 10)
        if option is not None and down_s < 2 * interval_s:
            longer = f"{max(60, 6 * interval_s):g}"
            yield Hit(option.at, f"service_down_time {down_s:g} s is less than two intervals of "
                                 f"{interval_s:g} s",
                      change=new_value("service_down_time", option.value, longer))
