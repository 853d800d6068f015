"""What Corosync and Pacemaker say of themselves on each member, and what must hold."""

from __future__ import annotations

from dataclasses import dataclass, field

from fournines.blueprint.contribution import Invariant, Members, Proof, Seat
from fournines.blueprint.predicate import All, Fact, Judgement, OnAny, OnEvery, OnExactly, Predicate, Test
from fournines.blueprint.requests import FileFacts, Run
from fournines.blueprint.resources import RESOURCES, Resources, Runs, promoted_on_one, runs_on_one
from fournines.blueprint.snapshot import Absent, Gone, Probe, Snapshot
from fournines.findings import Severity
from fournines.layers.layer import Site
from fournines.layers.membership import (
    answers,
    arbitrator,
    artifacts,
    configuration,
    fencing,
    reach,
    watchdog,
)
from fournines.layers.membership.answers import (
    CONFIGURATION,
    COROSYNC_CONF,
    DEVICE,
    FENCING,
    LINKS,
    PACEMAKER,
    QUORUM,
    VERIFIED,
)

QUORATE = Fact(QUORUM, "quorate")
_LOOK_S = 15.0


def probes(site: Site, wanted: str) -> tuple[Probe, ...]:
    """Asked of every member. ``wanted`` is what the script compares the configuration in force with."""
    names = site.controllers
    monitor = Run(("crm_mon", "--one-shot", "--inactive", "--output-as=xml"), check=False, timeout_s=_LOOK_S)
    compare = Run((artifacts.LOAD_SCRIPT, "compare"), stdin=wanted, timeout_s=2 * _LOOK_S)
    return (
        Probe(QUORUM, dict.fromkeys(names, Run(("corosync-quorumtool", "-s"), check=False,
                                               timeout_s=_LOOK_S)), answers.parse_quorum),
        Probe(DEVICE, dict.fromkeys(names, Run(("corosync-cmapctl", "-g", "quorum.device.model"), check=False,
                                               timeout_s=_LOOK_S)), answers.parse_device),
        Probe(COROSYNC_CONF, dict.fromkeys(names, FileFacts((artifacts.COROSYNC,))), answers.parse_digest),
        Probe(LINKS, dict.fromkeys(names, Run(("corosync-cfgtool", "-n"), timeout_s=_LOOK_S)),
              answers.parse_links),
        Probe(answers.CIB_ON_DISK, dict.fromkeys(names, Run(("test", "-e", artifacts.ON_DISK), check=False)),
              answers.parse_present),
        Probe(PACEMAKER, dict.fromkeys(names, monitor), answers.parse_pacemaker),
        Probe(RESOURCES, dict.fromkeys(names, monitor), answers.parse_placements),
        Probe(CONFIGURATION, dict.fromkeys(names, compare), answers.parse_difference),
        Probe(FENCING, dict.fromkeys(names, Run((artifacts.TEST_SCRIPT, "report"))), answers.parse_proofs),
        Probe(VERIFIED, dict.fromkeys(names, Run(("crm_verify", "--live-check", "-V"), check=False,
                                                 timeout_s=_LOOK_S)), answers.parse_verified),
        *arbitrator.probes(site),
        *reach.probes(site),
        *watchdog.probes(site),
    )


@dataclass(frozen=True, slots=True)
class Online:
    """The node sees itself as a full member; with ``nobody_lost``, and no other as lost and not fenced."""

    nobody_lost: bool = False

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        seen = snapshot.value(node, PACEMAKER)
        if isinstance(seen, Absent | Gone) or not isinstance(seen, answers.Pacemaker):
            return Judgement(None, f"{node}: {PACEMAKER}: {seen}", ((node, PACEMAKER, str(seen)),))
        state = seen.nodes.get(node, "not a member")
        lost = [name for name, each in seen.nodes.items() if self.nobody_lost and each == "unclean"]
        consulted = ((node, PACEMAKER, f"{state}, lost: {', '.join(lost) or 'none'}"),)
        if lost:
            return Judgement(False, f"{node}: {', '.join(lost)} is lost and not fenced yet", consulted)
        return Judgement(state == "online", f"{node}: is {state} in the cluster", consulted)

    def __str__(self) -> str:
        return "Pacemaker has it online" + (" and nobody lost" if self.nobody_lost else "")


@dataclass(frozen=True, slots=True)
class Manages:
    """Pacemaker recovers what it runs, as the node sees it: nobody has told it to leave the cluster or a
    resource alone. What is so for the whole cluster is said without the node's name."""

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        seen = snapshot.value(node, PACEMAKER)
        if not isinstance(seen, answers.Pacemaker):
            return Judgement(None, f"{node}: {PACEMAKER}: {seen}", ((node, PACEMAKER, str(seen)),))
        because = ("the cluster's property maintenance-mode is true: nothing is recovered" if seen.maintenance
                   else f"Pacemaker leaves alone {', '.join(seen.unmanaged)}" if seen.unmanaged
                   else "Pacemaker manages every resource")
        return Judgement(not seen.maintenance and not seen.unmanaged, because, ((node, PACEMAKER, because),))

    def __str__(self) -> str:
        return "Pacemaker manages what it runs"


@dataclass(frozen=True, slots=True)
class Controls:
    """The node is the one that decides for all (Pacemaker's DC)."""

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        seen = snapshot.value(node, PACEMAKER)
        if not isinstance(seen, answers.Pacemaker):
            return Judgement(None, f"{node}: {PACEMAKER}: {seen}", ((node, PACEMAKER, str(seen)),))
        return Judgement(seen.dc == node, f"{node}: the controller is {seen.dc or 'not elected'}",
                         ((node, PACEMAKER, seen.dc),))

    def __str__(self) -> str:
        return "it is Pacemaker's controller"


@dataclass(frozen=True, slots=True)
class AsWanted:
    """The configuration in force is the wanted one, ``early`` or ``whole``; else what differs, and what
    Pacemaker would do."""

    which: str

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        seen = snapshot.value(node, CONFIGURATION)
        if not isinstance(seen, answers.Difference):
            return Judgement(None, f"{node}: {CONFIGURATION}: {seen}", ((node, CONFIGURATION, str(seen)),))
        changes = seen.of(self.which)
        if not changes:
            return Judgement(True, f"{node}: Pacemaker's configuration is as wanted",
                             ((node, CONFIGURATION, "as wanted"),))
        preview = ", ".join(seen.preview) or "start, stop and move nothing"
        return Judgement(False, f"{node}: {', '.join(changes)}; Pacemaker would: {preview}",
                         ((node, CONFIGURATION, ", ".join(changes)),))

    def __str__(self) -> str:
        return "Pacemaker's configuration is as wanted"


@dataclass(frozen=True, slots=True)
class Proven:
    """Every device that the node may have to use has answered it, as it is configured now; ``digests`` maps
    device to what it is told, ``against`` to the node that it powers."""

    digests: dict[str, str]
    against: dict[str, str] = field(default_factory=dict)

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        seen = snapshot.value(node, FENCING)
        if not isinstance(seen, answers.Proofs):
            return Judgement(None, f"{node}: {FENCING}: {seen}", ((node, FENCING, str(seen)),))
        missing = [name for name, digest in self.digests.items()
                   if self.against[name] != node and seen.digests.get(name) != digest]
        because = (f"has not tried {', '.join(missing)} yet" if missing
                   else "every fencing device has answered it")
        return Judgement(not missing, f"{node}: {because}", ((node, FENCING, because),))

    def __str__(self) -> str:
        return "every fencing device has answered"


@dataclass(frozen=True, slots=True)
class Voting:
    """A member is online with quorum; the arbitrator gives its vote to any of ``members``, as they say."""

    arbitrator: str
    members: tuple[str, ...]

    def judge(self, snapshot: Snapshot, node: str) -> Judgement:
        if node == self.arbitrator:
            return OnAny(self.members, arbitrator.VOTED).judge(snapshot, node)
        return All((QUORATE, Online())).judge(snapshot, node)

    def __str__(self) -> str:
        return f"it has quorum and is online; {self.arbitrator}: a member has its vote"


def linked(site: Site) -> Predicate:
    """Every link of the node to every other is connected; one that Corosync does not name is none."""
    links = 2 if "replication" in site.cluster.networks else 1
    return All((Fact(LINKS, "broken", Test.EQ, ()),
                Fact(LINKS, "connected", Test.EQ, links * (len(site.controllers) - 1))))


def well(site: Site) -> Predicate:
    """What must hold on every other member before one is touched."""
    return All((QUORATE, Online(nobody_lost=True), linked(site), arbitrator.SPARE))


def members(site: Site) -> Members:
    """Two nodes go on with one, for fencing decides between them; more need a majority. An arbitrator is one
    of those who vote."""
    voters, name = site.controllers, arbitrator.name_of(site.cluster)
    if name:
        return Members("membership", Voting(name, voters), (*voters, name), needs=(len(voters) + 1) // 2 + 1)
    return Members("membership", All((QUORATE, Online())), voters,
                   needs=1 if len(voters) == 2 else len(voters) // 2 + 1)


def settled(asked: Resources, names: tuple[str, ...]) -> tuple[OnExactly, ...]:
    """Everything of ``asked`` runs where it should: once, or promoted once. Clones that are not promoted are
    judged by the layers that know how many there should be."""
    cloned = {each.of for each in asked.clones}
    inside = cloned | {member for group in asked.groups if group.id in cloned for member in group.members}
    single = [each.id for each in asked.primitives if each.id not in inside]
    return (*(runs_on_one(name, names) for name in single),
            *(promoted_on_one(name, names) for each in asked.clones if each.promotable
              for name in _primitives_of(asked, each.of)))


def _primitives_of(asked: Resources, name: str) -> tuple[str, ...]:
    return next((group.members for group in asked.groups if group.id == name), (name,))


def invariants(site: Site) -> tuple[Invariant, ...]:
    """What ``verify`` judges."""
    names, log = site.controllers, "journalctl -u corosync -u pacemaker"
    asked = site.exchange.resources + site.exchange.service_resources + configuration.addresses(site)
    devices = fencing.devices(site.cluster)
    forget = f"find the cause in {log}; then: crm_resource --cleanup"
    return (
        Invariant("every member is online in the cluster", OnEvery(names, Online(nobody_lost=True)),
                  f"look at {log} on it; a node in standby: crm node online NAME"),
        Invariant("every member has quorum", OnEvery(names, QUORATE),
                  "bring members back until a majority can see each other; look at corosync-quorumtool -s"),
        Invariant("every link between members is connected", OnEvery(names, linked(site)),
                  "look at corosync-cfgtool -n, the cables and the switch of that network"),
        *arbitrator.invariants(site),
        *watchdog.invariants(site),
        *reach.invariants(site, forget),
        Invariant("Pacemaker manages what it runs", OnEvery(names, Manages()),
                  "after maintenance: crm_attribute --name maintenance-mode --delete; of one resource: "
                  "crm_resource --resource NAME --meta --delete-parameter is-managed (or maintenance); of a "
                  "node: crm node ready NAME; one that is blocked: crm_resource --cleanup --resource NAME"),
        Invariant("no resource is kept off a node for its failures there",
                  OnEvery(names, Fact(PACEMAKER, "barred", Test.EQ, ())), forget),
        # What it has recovered from, and forgets by itself.
        Invariant("no action of a resource has failed lately",
                  OnEvery(names, Fact(PACEMAKER, "failures", Test.EQ, ())), forget, Severity.WARNING),
        *(Invariant(f"the fencing device {each.name} answers its monitor",
                    runs_on_one(each.name, names),
                    f"try it by hand: {each.agent} --action=status; then: crm_resource --cleanup -r "
                    f"{each.name}") for each in devices),
        Invariant("every fencing device has answered every member that may use it", proven(site, names),
                  "make it reachable from the node's management network, then: fournines apply"),
        Invariant("Pacemaker's configuration is the one of the cluster file", OnAny(names, AsWanted("whole")),
                  "fournines plan shows what differs; fournines apply puts it in force"),
        Invariant("crm_verify finds nothing wrong with it", OnEvery(names, Fact(VERIFIED, "clean")),
                  "crm_verify --live-check -V says what"),
        *(Invariant(f"exactly one node {each.part}", each, f"look at crm_mon -1 and {log}")
          for each in settled(asked, names)),
    )


def proven(site: Site, names: tuple[str, ...]) -> Predicate:
    """All devices, on every member."""
    found = fencing.devices(site.cluster)
    return OnEvery(names, Proven(fencing.digests(site), {each.name: each.node for each in found}))


def proofs(site: Site) -> tuple[Proof, ...]:
    """When each device last answered, or last fenced its node."""
    return tuple(Proof(f"fencing of {each.node} by {each.name} ({each.agent})",
                       (Fact(FENCING, f"at_s.{each.name}"), Fact(PACEMAKER, f"fenced.{each.node}")),
                       site.controllers) for each in fencing.devices(site.cluster))


def seats(site: Site) -> tuple[Seat, ...]:
    """Who decides, and who runs what: a group is where its first member is."""
    names = site.controllers
    asked = site.exchange.resources + site.exchange.service_resources
    cloned = {each.of for each in asked.clones}
    grouped = {member for group in asked.groups for member in group.members}
    alone = [each.id for each in asked.primitives if each.id not in cloned | grouped]
    held = {each.id: f"vip {each.id.removeprefix('p_ip_')}"
            for each in configuration.addresses(site).primitives}
    return (
        Seat("controller of Pacemaker", Controls(), names),
        *(Seat(f"promoted {each.id}", Runs(_primitives_of(asked, each.of)[0], names, "Promoted"), names)
          for each in asked.clones if each.promotable),
        *(Seat(f"group {each.id}", All(tuple(Runs(member, names) for member in each.members)), names)
          for each in asked.groups if each.id not in cloned),
        *(Seat(f"resource {name}", Runs(name, names), names) for name in alone),
        *(Seat(title, Runs(name, names), names) for name, title in held.items()),
    )
