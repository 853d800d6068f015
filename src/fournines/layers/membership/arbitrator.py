"""The arbitrator: one vote more, given to one side when members lose each other (Corosync's quorum device).

``corosync-qnetd`` runs on a node that runs nothing else, or on a machine of others; ``corosync-qdevice`` on
each member keeps asking it. Both prove by certificates who they are. Sources: corosync-qdevice(8),
corosync-qnetd(8), and their certutil scripts.
"""

from __future__ import annotations

import hashlib

from fournines.artifacts.corosync import Section
from fournines.artifacts.document import Scalar
from fournines.blueprint.contribution import Invariant, SecretKind, SecretNeed
from fournines.blueprint.files import NodeFile
from fournines.blueprint.left_alone import LeftAlone
from fournines.blueprint.predicate import All, Answers, Either, Fact, OnEvery, Predicate, Test
from fournines.blueprint.requests import FileFacts, Run
from fournines.blueprint.snapshot import Probe
from fournines.blueprint.steps import Gate, On, Service, Step
from fournines.cluster.certificates import QuorumCertificates
from fournines.cluster.topology import Cluster
from fournines.layers.layer import Site
from fournines.layers.membership import answers, units
from fournines.layers.membership.answers import ARBITRATOR, CERTIFICATES, DEVICE, QUORUM, Vote
from fournines.layers.membership.spec import MembershipSpec

QNETD_UNIT, QDEVICE_UNIT = "corosync-qnetd.service", "corosync-qdevice.service"
PORT = 5403
MEMBER_PACKAGES = ("corosync-qdevice", "libnss3-tools", "openssl")
PACKAGES = ("corosync-qnetd", "libnss3-tools", "openssl")
BUNDLE = "/etc/fournines/arbitrator.pem"
IMPORT_SCRIPT = "/usr/lib/fournines/import_certificates.py"
NOTES = {"arbitrator": "/etc/corosync/qnetd/nssdb/fournines",
         "member": "/etc/corosync/qdevice/net/nssdb/fournines"}
OWN_SECRET, GIVEN_SECRET = "membership.arbitrator", "arbitrator.certificate"   # in the secret store
GIVE_ARBITRATOR = "membership: give the arbitrator its certificate"
GIVE_MEMBERS = "membership: give the members their certificate for the arbitrator"
LET_GO = "membership: ask the arbitrator no more"
BOOT = "membership.quorum_device"   # whether systemd starts the client of an arbitrator of before
START_QNETD, START_QDEVICE = f"membership: start {QNETD_UNIT}", f"membership: start {QDEVICE_UNIT}"
VOTED = Fact(QUORUM, "arbitrator", Test.EQ, Vote.GIVEN)
# One member may be away: the votes that are left are enough, with an arbitrator or while one is taken out. A
# member whose Corosync is told of none does not count by it; one that is told, and whose client does not run,
# does.
SPARE = Either((All((Fact(QUORUM, "arbitrator", Test.EQ, Vote.NOT_ASKED), Fact(DEVICE, wanted=False))),
                Fact(QUORUM, "spare", Test.GE, 1)))
_READY_S = 60.0


def name_of(cluster: Cluster) -> str:
    """Its node, or its address where others run it; empty where there is none."""
    spec = cluster.spec(MembershipSpec)
    if spec is None:
        return ""
    return spec.arbitrator or next((node.name for node in cluster.arbitrators), "")


def nodes(site: Site) -> tuple[str, ...]:
    """The node of ours that is one, if any."""
    return tuple(node.name for node in site.cluster.arbitrators if node.name == name_of(site.cluster))


def secrets(cluster: Cluster) -> tuple[SecretNeed, ...]:
    """Certificates of our own making, or that which the arbitrator's owners have signed."""
    if not cluster.arbitrated:
        return ()
    if cluster.arbitrators:
        return (SecretNeed(OWN_SECRET, SecretKind.QUORUM_CERTIFICATES, cluster.name),)
    return (SecretNeed(GIVEN_SECRET, SecretKind.GIVEN),)


def device(site: Site) -> tuple[Section, ...]:
    """The section of corosync.conf, below ``quorum``; nothing where there is no arbitrator."""
    if not site.cluster.arbitrated:
        return ()
    name = name_of(site.cluster)
    host = str(site.cluster.node(name).management) if nodes(site) else name
    return (units.section("device", {
        "model": "net",
        "votes": 1,
        "timeout": site.timers.ms("corosync.device_timeout"),
        "sync_timeout": site.timers.ms("corosync.device_sync_timeout"),
    }, units.section("net", _net(host))),)


def _net(host: str) -> dict[str, Scalar]:
    return {
        "host": host,
        "port": PORT,
        # Whoever has no certificate gets no vote, and whoever has none gives none.
        "tls": "required",
        # One vote for the larger part; of two halves, for the one that had it, then for the first node's.
        "algorithm": "ffsplit",
        "tie_breaker": "lowest",
    }


def files(site: Site, role: str) -> tuple[NodeFile, ...]:
    """On a ``member``, or on the ``arbitrator``: its key and certificates, and what brings them in."""
    if not site.cluster.arbitrated:
        return ()
    unit = QNETD_UNIT if role == "arbitrator" else QDEVICE_UNIT
    return (
        NodeFile(BUNDLE, _bundle(site, role).encode(), 0o600, secret=True),
        NodeFile(IMPORT_SCRIPT, units.shipped("import_certificates.py"), 0o755),
        NodeFile(units.drop_in(unit), units.restarted(site)),
    )


def _bundle(site: Site, role: str) -> str:
    if not site.cluster.arbitrators:
        return f"{site.secret(GIVEN_SECRET).strip()}\n"
    both = QuorumCertificates.from_json(site.secret(OWN_SECRET))
    return both.arbitrator if role == "arbitrator" else both.member


def services(site: Site, members_well: Predicate) -> tuple[Service, ...]:
    """``members_well`` is what has to hold on every member before the arbitrator may be away."""
    if not site.cluster.arbitrated:
        return ()
    here, members = nodes(site), site.controllers
    started = (START_QNETD,) if here else ()
    own = (Service(QNETD_UNIT, here, (BUNDLE, units.drop_in(QNETD_UNIT)), Gate(Answers(ARBITRATOR), _READY_S),
                   others_ok=OnEvery(members, members_well), needs=(GIVE_ARBITRATOR,)),) if here else ()
    return (*own, Service(
        QDEVICE_UNIT, members, (BUNDLE, units.drop_in(QDEVICE_UNIT)), Gate(VOTED, _READY_S),
        needs=(GIVE_MEMBERS, f"membership: start {units.COROSYNC_UNIT}", *started)))


def needed_by_corosync(site: Site) -> tuple[str, ...]:
    """Steps before Corosync: it takes its quorum device along."""
    if not site.cluster.arbitrated:
        return ()
    return (GIVE_MEMBERS, *((START_QNETD,) if nodes(site) else ()))


def steps(site: Site) -> tuple[Step, ...]:
    """Certificates go where NSS looks for them; where there is no arbitrator any more, nobody asks for it."""
    if not site.cluster.arbitrated:
        # Only once Corosync counts by the members alone, everywhere: until then the vote is needed.
        why = "it is in the cluster file no more, and its client would be started again and again"
        return (_left(site).let_go(LET_GO, why, stop=True,
                                   needs=(f"membership: restart {units.COROSYNC_UNIT}",)),)
    given = [(GIVE_MEMBERS, "member", site.controllers)]
    if nodes(site):
        given.insert(0, (GIVE_ARBITRATOR, "arbitrator", nodes(site)))
    return tuple(Step(name, On.EACH, {node: (Run((IMPORT_SCRIPT, role, BUNDLE)),) for node in where},
                      why="who cannot prove who he is neither gives a vote nor gets one",
                      unless=Fact(CERTIFICATES, "", Test.EQ, _note(site, role)))
                 for name, role, where in given)


def _left(site: Site) -> LeftAlone:
    """The client of an arbitrator that there is no more."""
    return LeftAlone(BOOT, (QDEVICE_UNIT,), site.controllers)


def _note(site: Site, role: str) -> str:
    """The digest of the note that the script leaves: that holds the digest of the bundle."""
    content = hashlib.sha256(_bundle(site, role).encode()).hexdigest()
    return hashlib.sha256(f"{content}\n".encode()).hexdigest()


def probes(site: Site) -> tuple[Probe, ...]:
    """What each has imported, and whom the arbitrator serves; or what is left of one."""
    if not site.cluster.arbitrated:
        return (_left(site).asked(),)
    here = nodes(site)
    notes = {**{node: NOTES["member"] for node in site.controllers},
             **{node: NOTES["arbitrator"] for node in here}}
    look = Probe(CERTIFICATES, {node: FileFacts((path,)) for node, path in notes.items()},
                 answers.parse_digest)
    if not here:
        return (look,)
    ask = Run(("corosync-qnetd-tool", "-s"), check=False, timeout_s=15.0)
    return (look, Probe(ARBITRATOR, dict.fromkeys(here, ask), answers.parse_arbitrator))


def invariants(site: Site) -> tuple[Invariant, ...]:
    """What ``verify`` judges."""
    if not site.cluster.arbitrated:
        return ()
    name, here = name_of(site.cluster), nodes(site)
    served = Fact(ARBITRATOR, "members", Test.EQ, len(site.controllers))
    own = (Invariant(f"the arbitrator {name} serves every member", OnEvery(here, served),
                     f"look at corosync-qnetd-tool -l and journalctl -u {QNETD_UNIT} on it"),) if here else ()
    return (*own, Invariant(
        f"the arbitrator {name} gives every member its vote", OnEvery(site.controllers, VOTED),
        f"look at corosync-qdevice-tool -s and journalctl -u {QDEVICE_UNIT}; is port {PORT} of {name} "
        "reached from the management network?"))
