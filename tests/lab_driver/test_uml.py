"""Machines with a kernel of their own: who gets one, and the words that make one."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from fournines.blueprint.contribution import Exchange
from fournines.blueprint.hardware import Disk, Hardware, by_node
from fournines.cluster.timers import derive
from fournines.engine.compile import exchange
from fournines.errors import LabError
from fournines.lab import requirements, uml, uml_disk
from fournines.lab.layout import Driver, Layout, choose, machines_of, read_layout, write_layout
from fournines.lab.nspawn import NspawnMachine
from fournines.lab.places import LabPlaces
from fournines.lab.rootfs import OwnFile
from fournines.lab.uml import Card, Disks, UmlMachine
from fournines.layers.layer import Layer, Site
from lab_cluster import small_cluster

DISKS = Disks(Path("/i/system.ext4"), Path("/n/own.cow"), Path("/n/seed.tar"), (Path("/n/data-0.img"),))
CARDS = (Card("eth0", "eth0", "02:00:00:00:00:01"), Card("door", "door-far", "02:00:00:00:00:02"))


def test_a_node_has_a_kernel_of_its_own_only_where_a_layer_needs_one() -> None:
    assert choose(None) is Driver.NSPAWN
    assert choose(Hardware("ctl1")) is Driver.NSPAWN
    assert choose(Hardware("ctl1", kernel_modules=("drbd",))) is Driver.UML
    assert choose(Hardware("ctl1", watchdog=True)) is Driver.UML
    assert choose(Hardware("ctl1", disks=(Disk("/dev/vg0/mysql"),))) is Driver.UML
    assert choose(None, own_kernel=True) is Driver.UML


def test_one_lab_may_have_machines_of_both_kinds() -> None:
    disk = Disk("/dev/vg0/mysql", 64)

    made = machines_of(small_cluster(), {"ctl2": Hardware("ctl2", ("drbd",), (disk,))})

    assert [machine.driver for machine in made.values()] == [Driver.NSPAWN, Driver.UML, Driver.NSPAWN]
    assert made["ctl2"].disks == (disk,)
    assert made["ctl1"].interfaces == {"management": "eth0", "replication": "eth1"}


def test_layers_ask_for_hardware_in_their_exchange() -> None:
    asked = [(Hardware("ctl1", ("drbd",), (Disk("/dev/a"),)),),
             (Hardware("ctl1", ("softdog", "drbd"), (Disk("/dev/a"), Disk("/dev/b"))), Hardware("ctl2"))]

    def contribute(site: Site) -> None:
        raise NotImplementedError

    layers = [Layer(f"layer{number}", object, (), lambda *_, hardware=hardware: Exchange(hardware=hardware),
                    contribute) for number, hardware in enumerate(asked)]
    cluster = replace(small_cluster(), layers={layer.name: object() for layer in layers})

    together = by_node(exchange(cluster, derive(cluster), layers).hardware)

    assert together["ctl1"] == Hardware("ctl1", ("drbd", "softdog"), (Disk("/dev/a"), Disk("/dev/b")))
    assert together["ctl2"] == Hardware("ctl2")


def test_one_disk_in_two_sizes_is_a_mistake_in_a_layer() -> None:
    with pytest.raises(ValueError, match="two ways"):
        by_node([Hardware("ctl1", (), (Disk("/dev/a", 1),)), Hardware("ctl1", (), (Disk("/dev/a", 2),))])


def test_a_shared_disk_needs_no_kernel_and_cannot_have_one() -> None:
    shared = Hardware("ctl1", disks=(Disk("/dev/san/a", shared=True),))
    assert choose(shared) is Driver.NSPAWN
    for asked, own_kernel in ((shared, True), (Hardware("ctl1", ("drbd",), shared.disks), False),
                              (Hardware("ctl1", (), (*shared.disks, Disk("/dev/b"))), False)):
        with pytest.raises(LabError, match="/dev/san/a"):
            choose(asked, own_kernel=own_kernel)


def test_what_a_lab_is_made_of_is_remembered_and_makes_its_machines(tmp_path: Path) -> None:
    made = machines_of(small_cluster(), {"ctl2": Hardware("ctl2", (), (Disk("/dev/a", 64),))})
    layout = Layout("small", "abc", "system-1.ext4", ("management", "replication"), made)

    write_layout(tmp_path / "lab.json", layout)

    assert read_layout(tmp_path / "lab.json") == layout
    kinds = {name: type(layout.machine(name, tmp_path, LabPlaces(tmp_path))) for name in made}
    assert kinds == {"ctl1": NspawnMachine, "ctl2": UmlMachine, "ctl3": NspawnMachine}
    assert read_layout(tmp_path / "none.json") is None


def test_what_another_version_remembered_is_refused_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "lab.json").write_text('{"image": "abc", "nodes": {}}')

    with pytest.raises(LabError) as problem:
        read_layout(tmp_path / "lab.json")

    assert "down" in problem.value.hint


def test_the_kernel_gets_its_disks_and_cards_in_order() -> None:
    words = uml.kernel_argv(Path("/n/memory"), DISKS, CARDS)

    assert words[0] == "/usr/bin/linux.uml"
    assert [word for word in words if word.startswith("ubd")] == [
        "ubd0=/n/own.cow,/i/system.ext4", "ubd1r=/n/seed.tar", "ubd2=/n/data-0.img"]
    assert [word for word in words if word.startswith("vec")] == [
        "vec0:transport=raw,ifname=eth0,depth=128,mac=02:00:00:00:00:01",
        "vec1:transport=raw,ifname=door-far,depth=128,mac=02:00:00:00:00:02"]
    assert "lab_cards=eth0,door" in words


def test_cables_lead_into_the_fabric_and_the_door_to_nobody() -> None:
    start = uml.start_of(CARDS, {"eth0": "node0net0"}, "fournines-small", Path("/n/memory"), DISKS, 0)

    assert ("link", "set", "node0net0", "netns", "fournines-small") in start.links
    assert [words for words in start.links if "netns" in words and "door" in " ".join(words)] == []
    ends = [words[8] for words in start.links if words[-2:] == ("gso_max_segs", "1")]
    assert ends == ["node0net0", "door"]   # what they send is cut into packets


def test_machines_take_turns_on_the_processors_that_may_be_used() -> None:
    assert [uml.processor_of(number, {7, 2, 4}) for number in range(4)] == [2, 4, 7, 2]


def test_a_card_keeps_its_address_and_shares_it_with_no_other() -> None:
    def cards(lab: str, name: str) -> Mapping[str, str]:
        found = uml.cards_of(lab, name, {"management": "eth0", "replication": "eth1"})
        return {card.name: card.mac for card in found}

    assert cards("small", "ctl1") == cards("small", "ctl1")
    everywhere = [mac for lab, name in (("small", "ctl1"), ("small", "ctl2"), ("other", "ctl1"))
                  for mac in cards(lab, name).values()]
    assert len(set(everywhere)) == 9
    assert all(mac.startswith("02:") for mac in everywhere)


def test_one_enters_with_the_labs_key_and_only_where_the_host_key_is_known(tmp_path: Path) -> None:
    words = uml.door_argv("ctl1", 4711, LabPlaces(tmp_path / "100%"))

    assert words[0] == "ssh"
    assert words[-1] == "ctl1"
    assert "-oStrictHostKeyChecking=yes" in words
    assert f"-oIdentityFile={tmp_path}/100%/key" in words
    assert "--target=4711 --net --pid" in next(word for word in words if "ProxyCommand" in word)


def test_disks_are_found_where_the_cluster_file_says() -> None:
    rules, = uml_disk.disk_names((Disk("/dev/vg0/mysql"), Disk("/dev/disk/by-id/rabbit")))

    assert rules.content.decode() == ('KERNEL=="ubdc", SYMLINK+="vg0/mysql"\n'
                                      'KERNEL=="ubdd", SYMLINK+="disk/by-id/rabbit"\n')
    assert uml_disk.disk_names(()) == ()


def test_the_seed_is_an_archive_of_roots_with_private_places() -> None:
    packed = uml_disk.archive((OwnFile("etc/hostname", b"ctl1\n"), OwnFile("etc/hosts", b""),
                               OwnFile("root/.ssh/authorized_keys", b"k", 0o600)))
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        modes = {entry.name: entry.mode for entry in tar}
        content = tar.extractfile("etc/hostname")
        assert content is not None
        assert content.read() == b"ctl1\n"

    assert modes == {"etc": 0o755, "etc/hostname": 0o644, "etc/hosts": 0o644, "root": 0o700,
                     "root/.ssh": 0o700, "root/.ssh/authorized_keys": 0o600}


def test_what_is_missing_for_such_machines_is_one_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements.platform, "system", lambda: "Linux")
    monkeypatch.setattr(requirements.os, "geteuid", lambda: 0)
    monkeypatch.setattr(requirements.shutil, "which",
                        lambda tool: None if tool == "linux.uml" else f"/usr/bin/{tool}")

    found = requirements.findings(own_kernel=True)

    assert [finding.summary for finding in found] == [
        "programs of these packages are missing: user-mode-linux"]
    assert "apt-get install" in found[0].remedy
