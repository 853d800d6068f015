"""How the images' volume comes into being: daemons, introduction, volume, options, start, mount."""

from __future__ import annotations

from fournines.blueprint.predicate import Answers, Fact, OnEvery, OnOthers, Predicate, Test
from fournines.blueprint.requests import NODE_PYTHON, Request, Run
from fournines.blueprint.steps import Gate, On, Service, Step
from fournines.layers.images import artifacts, health
from fournines.layers.images.spec import ImagesSpec
from fournines.layers.layer import Site

INTRODUCE, REACH = ("images: introduce the members to one another",
                    "images: wait until every member has reached every other")
CREATE, SET, START = ("images: create the volume", "images: set the volume's options",
                      "images: start the volume")
REACH_S = 90.0
START_DAEMON = f"images: start {artifacts.GLUSTERD_UNIT}"


def gluster(*words: str) -> Run:
    """A command for glusterd, which coordinates it with the other members; slow when one of them is."""
    return Run(("gluster", "--mode=script", *words), timeout_s=120.0)


def services(site: Site) -> tuple[Service, ...]:
    """A restart of glusterd stops the node's copy for a moment: only while all others are whole."""
    members = tuple(node.name for node in artifacts.copies(site.cluster))
    return (
        Service(artifacts.GLUSTERD_UNIT, members, (artifacts.GLUSTERD_FILE, artifacts.GLUSTERD_DROP_IN),
                ready=Gate(Answers(health.DAEMON), 60.0),
                others_ok=OnOthers(members, health.all_copies(len(members)))),
        Service(artifacts.MOUNT_UNIT, site.controllers,
                (f"/etc/systemd/system/{artifacts.MOUNT_UNIT}", artifacts.SETTINGS_FILE, artifacts.SCRIPT),
                ready=Gate(health.usable(len(members)), 90.0),
                others_ok=OnOthers(site.controllers, health.usable(len(members))), needs=(START,)),
    )


def steps(site: Site, spec: ImagesSpec) -> tuple[Step, ...]:
    """All on the first member; glusterd carries them to the others."""
    members = artifacts.copies(site.cluster)
    names, first = tuple(node.name for node in members), members[0].name
    bricks = [f"{node.replication}:{artifacts.brick(spec)}" for node in members]
    options = artifacts.volume_options(site)
    known = Fact(health.VOLUME, "peers", Test.GE, len(members) - 1)
    created, started = Fact(health.VOLUME, "created"), Fact(health.VOLUME, "started")
    as_wanted = health.options_as(options)

    def step(name: str, why: str, done: Predicate, requests: tuple[Request, ...], needs: str) -> Step:
        return Step(name, On.FIRST, {first: requests}, why, unless=done, until=Gate(done, 60.0),
                    needs=(needs,))

    probing = tuple(gluster("peer", "probe", str(node.replication)) for node in members[1:])
    introduce = step(INTRODUCE, "glusterd takes orders only from members of its pool", OnEvery(names, known),
                     probing, START_DAEMON)
    reach = Step(REACH, On.EACH, {
        name: (Run((*NODE_PYTHON, artifacts.SCRIPT, "reached", str(len(members))), timeout_s=REACH_S),)
        for name in names}, "a member that has not connected to another refuses the volume", unless=created,
        needs=(INTRODUCE,))
    # force: a copy may lie on the root file system; glusterd would refuse that, Fournines only advises
    # against it.
    copies = ("replica", str(len(members))) if len(members) > 1 else ()
    request = gluster("volume", "create", artifacts.VOLUME, *copies, *bricks, "force")
    create = Step(CREATE, On.FIRST, {first: (request,)},
                  "a full copy of the images on each member", unless=created,
                  only_if=OnEvery(names, Fact(health.VOLUME, "created", Test.EQ, False)),
                  refusal="another member already knows the volume: bring this node back into its pool "
                          "(gluster peer status), then apply again",
                  until=Gate(OnEvery(names, created), 60.0), needs=(REACH,))
    words = [word for option in options.items() for word in option]
    return (introduce, reach, create,
            step(SET, "how long it stands still, and who may use it", as_wanted,
                 (gluster("volume", "set", artifacts.VOLUME, *words),), CREATE),
            step(START, "a volume serves only once it was started", started,
                 (gluster("volume", "start", artifacts.VOLUME),), SET))
