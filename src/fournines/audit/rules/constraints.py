"""Pacemaker: what must run together, in which order, and names that lead nowhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from fournines.audit.cloud import Cloud
from fournines.audit.knowledge.agents import OPENSTACK
from fournines.audit.rule import Effect, Hit, Hits, rule
from fournines.audit.systems.corosync import memberships
from fournines.audit.systems.pacemaker import clusters
from fournines.audit.systems.resources import PROMOTED, Cluster, Container, Primitive
from fournines.findings import Severity

EXPLAINED = "Pacemaker Explained"
ADDRESSES = ("IPaddr2", "IPaddr", "IPv6addr")
REACHING = ("ping", "ethmonitor")
"""Agents that look whether a node reaches anybody."""
LOOKS = (*REACHING, "SysInfo", "HealthCPU", "HealthIOWait", "HealthSMART")
"""Agents that measure and serve nobody."""
CLUSTER_FILE_SYSTEMS = frozenset(("gfs2", "ocfs2", "nfs", "nfs4", "glusterfs", "ceph", "lustre"))


@rule("PCM009", Severity.ERROR, Effect.OUTAGE, "A name that leads nowhere, or to two things",
      consequence="The crm shell refuses it; with -F it drops the name and commits the rest, so that the "
                  "group runs without its address or service.",
      fix="correct the name, or define what it names", source="crmsh; Pacemaker's schema",
      errata=("E082", "E105", "E130"))
def dangling(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        known = {*cluster.resources, *(each.id for each in cluster.containers),
                 *(each.text for each in cluster.ids)}
        for what, value in cluster.named:
            if value.text not in known:
                near = _near(value.text, known)
                yield Hit(value.at, f"{what} names {value.text}, which is nowhere defined{near}")
        for id, times in Counter(each.text for each in cluster.ids).items():
            if times > 1:
                yield Hit([each for each in cluster.ids if each.text == id][-1].at, f"{id} is defined twice")
        members = Counter(member.text for group in cluster.containers if group.kind == "group"
                          for member in group.members)
        for group in cluster.containers:
            for member in group.members:
                if group.kind == "group" and members[member.text] > 1:
                    yield Hit(member.at, f"{member.text} is a member of more than one group")


def _near(name: str, known: set[str]) -> str:
    """The name that was meant, if one differs from it by one letter."""
    for other in sorted(known):
        if abs(len(other) - len(name)) <= 1 and sum(a != b for a, b in zip(name, other, strict=False)) <= 1:
            return f": {other} is"
    return ""


@rule("PCM010", Severity.ERROR, Effect.OUTAGE, "An address that is tied to no service",
      consequence="Address and service run on different nodes: clients reach a node where nothing answers.",
      fix="put both into one group, or colocate the service with the address and order it after it",
      source=f"{EXPLAINED}, Colocation", errata=("E082",))
def loose_address(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for address in cluster.of_type(*ADDRESSES):
            beside = {cluster.resources[name].type for name in cluster.beside(address.id)
                      if name in cluster.resources}
            others = [each for each in cluster.primitives
                      if not each.fences and each is not address and each.type not in LOOKS]
            if not beside - {*ADDRESSES, *LOOKS, "Filesystem", "drbd"} and others:
                yield Hit(address.at, f"{address.id} is in no group or colocation with a service")


@rule("PCM029", Severity.WARNING, Effect.OUTAGE, "Nothing looks whether clients reach the node",
      consequence="A node that loses its cable to the clients, and is still heard over another link, keeps "
                  "the address: it is down until the cable is back.",
      fix="a clone of ocf:pacemaker:ping that asks the members, and their gateway where two are alone; and a "
          "rule by which nodes that reach somebody are preferred",
      source="ocf_pacemaker_ping(7); Pacemaker Explained, Rules")
def unreached(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        membership = next((each for each in memberships(cloud) if each.file.node == cluster.node), None)
        address = next(cluster.of_type(*ADDRESSES), None)
        looked = any(each.type in REACHING for each in cluster.primitives)
        if membership is None or membership.links < 2 or looked or address is None:
            continue   # who loses its only link is lost, and fenced
        yield Hit(address.at, f"{address.id} stays on a node that only its clients do not reach: heartbeats "
                              f"have {membership.links} links")


def _promotable(cluster: Cluster) -> Iterator[tuple[Container, Primitive]]:
    """The promotable clones of DRBD resources."""
    for container in cluster.containers:
        inner = cluster.resources.get(container.members[0].text) if container.members else None
        if container.promotable and inner is not None and inner.type in ("drbd", "drbd-attr"):
            yield container, inner


def _stacked(cluster: Cluster) -> Iterator[tuple[Primitive, Container]]:
    """Each file system that lies on a DRBD resource, with the clone of that."""
    for filesystem in cluster.of_type("Filesystem"):
        device = filesystem.parameter("device")
        for clone, inner in _promotable(cluster):
            resource = inner.parameter("drbd_resource")
            if device is not None and resource is not None and resource.text in device.text.split("/"):
                yield filesystem, clone


@rule("PCM011", Severity.ERROR, Effect.OUTAGE, "Order without colocation, or colocation without order",
      consequence="A service starts before its disc, its address or its database: the start fails, and a "
                  "failed start keeps it from that node.",
      fix="both: colocation inf: SERVICE CLONE:Promoted and order CLONE:promote SERVICE:start",
      source=f"{EXPLAINED}, Resource constraints", errata=("E077",))
def half_bound(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for filesystem, clone in _stacked(cluster):
            holders = {filesystem.id, *(each.id for each in cluster.around(filesystem.id))}
            orders = [each for each in cluster.orders if each.first == clone.id and each.then in holders]
            for order in orders:
                if order.first_action != "promote":
                    yield Hit(order.at, f"{order.id} waits for {clone.id} to be started, not promoted")
            if not orders:
                yield Hit(filesystem.at, f"nothing orders {filesystem.id} after the promotion of {clone.id}")
        yield from _after_the_database(cluster)


_USERS = frozenset(name for name in OPENSTACK if not name.startswith(("neutron-agent", "neutron-metadata",
                                                                      "neutron-ha")))
BELOW = ("mysql", "galera", "mariadb", "rabbitmq-server", "rabbitmq-cluster", "rabbitmq-server-ha")


def _after_the_database(cluster: Cluster) -> Hits:
    """Groups of OpenStack services with a database or broker in the same cluster, and no order between."""
    below = {name for each in cluster.of_type(*BELOW)
             for name in (each.id, *(around.id for around in cluster.around(each.id)))}
    for group in cluster.containers:
        uses = [each for member in group.members if (each := cluster.resources.get(member.text)) is not None
                and each.agent.startswith("ocf:openstack:") and each.type in _USERS]
        names = {group.id, *(each.text for each in group.members)}
        ordered = any(each.first in below and each.then in names for each in cluster.orders)
        if group.kind == "group" and below and uses and not ordered:
            yield Hit(group.at, f"nothing orders {group.id} after the database and the broker",
                      Severity.WARNING,
                      f"order o_data_before_{group.id} Optional: DATABASE BROKER {group.id}")


@rule("PCM012", Severity.ERROR, Effect.DATA, "A file system that is not bound to where DRBD is promoted",
      consequence="It is mounted on a secondary: that fails, or promotes the secondary beside the primary.",
      fix="colocation inf: FILESYSTEM CLONE:Promoted", source="Clusters from Scratch, DRBD")
def unbound_file_system(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for filesystem, clone in _stacked(cluster):
            holders = {filesystem.id, *(each.id for each in cluster.around(filesystem.id))}
            if not any(each.resource in holders and each.with_resource == clone.id and each.must
                       and each.with_role in PROMOTED for each in cluster.colocations):
                yield Hit(filesystem.at, f"{filesystem.id} is not colocated with the promoted {clone.id}")


@rule("PCM018", Severity.ERROR, Effect.OUTAGE, "Two resources fight for one address, device or directory",
      consequence="Each takes from the other what it has just started.", fix="remove one of the two",
      source="the agents' meta-data, unique")
def twice_the_same(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        taken: dict[tuple[str, str], Primitive] = {}
        for each in cluster.primitives:
            names = {"IPaddr2": ("ip",), "IPaddr": ("ip",), "drbd": ("drbd_resource",),
                     "Filesystem": ("device", "directory")}.get(each.type, ())
            for name in names:
                value = each.parameter(name)
                if value is None or (name == "device" and ":" in value.text):
                    continue
                other = taken.setdefault((name, value.text), each)
                if other is not each and other.parameters != each.parameters:
                    yield Hit(value.at, f"{each.id} and {other.id} have the same {name}")
                elif other is not each:
                    yield Hit(each.at, f"{each.id} and {other.id} are the same")


@rule("PCM019", Severity.ERROR, Effect.DATA, "A DRBD clone with the wrong options",
      consequence="Two primaries write to one file system, or promotion scores go stale and the older data "
                  "is promoted.",
      fix="meta promotable=true promoted-max=1 clone-max=2 clone-node-max=1 notify=true",
      source="Clusters from Scratch, DRBD; drbd.conf(5), allow-two-primaries")
def drbd_clone(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        local = {clone.id for filesystem, clone in _stacked(cluster)
                 if (kind := filesystem.parameter("fstype")) is None or kind.text not in CLUSTER_FILE_SYSTEMS}
        for clone, device in _promotable(cluster):
            notify, without = clone.meta.get("notify"), device.parameter("ignore_missing_notifications")
            if (notify is None or not notify.on) and (without is None or not without.on):
                yield Hit(notify.at if notify else clone.at, f"{clone.id} has no notify=true")
            most = clone.number("promoted-max", "master-max")
            if most is not None and int(most.text) > 1 and clone.id in local:
                yield Hit(most.at, f"{clone.id} may be promoted on {most.text} nodes, under a local file "
                                   "system")
            per_node = clone.number("clone-node-max")
            if per_node is not None and int(per_node.text) > 1:
                yield Hit(per_node.at, f"{clone.id} may run {per_node.text} times on one node")


@rule("PCM024", Severity.WARNING, Effect.SLOW, "Ordered clones without interleave",
      consequence="One instance that restarts restarts those of the clone behind it on all nodes.",
      fix="meta interleave=true", source=f"{EXPLAINED}, Clone options")
def no_interleave(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        clones = {each.id: each for each in cluster.containers if each.kind != "group"}
        for order in cluster.orders:
            then = clones.get(order.then)
            if order.first in clones and then is not None:
                interleave = then.meta.get("interleave")
                if interleave is None or not interleave.on:
                    yield Hit(interleave.at if interleave else then.at,
                              f"{then.id} is ordered after the clone {order.first}, without interleave=true")


@rule("PCM025", Severity.WARNING, Effect.OUTAGE, "Services that do not need each other in one group",
      consequence="A member that fails, or cannot start, stops every member behind it.",
      fix="clones, or single resources that are each colocated with the address",
      source=f"{EXPLAINED}, Groups", errata=("E120", "E131"))
def unrelated_services(cloud: Cloud) -> Hits:
    for cluster in clusters(cloud):
        for group in cluster.containers:
            services = [member.text for member in group.members
                        if (each := cluster.resources.get(member.text)) is not None
                        and each.agent.startswith(("ocf:openstack:", "systemd:", "lsb:", "service:"))]
            fatal = cluster.setting("start-failure-is-fatal")
            forgiven = fatal is not None and fatal.off and "failure-timeout" in cluster.resource_defaults
            if group.kind == "group" and len(services) > 1:
                yield Hit(group.at, f"{group.id} is a chain of {len(services)} services: when {services[0]} "
                                    f"fails, {', '.join(services[1:])} stop too",
                          Severity.INFO if forgiven else None)
