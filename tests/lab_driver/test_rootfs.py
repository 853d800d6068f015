from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from fournines.cluster.topology import Cluster
from fournines.lab import keys, rootfs
from fournines.lab.pids import ProcessId
from fournines.lab.places import NodePlaces
from fournines.lab.state import MachineState, read_machine, write_machine
from lab_cluster import small_cluster


@pytest.fixture
def cluster() -> Cluster:
    return small_cluster()


def test_a_node_has_one_interface_for_each_network_it_is_on(cluster: Cluster) -> None:
    node = cluster.node("ctl2")
    alone = replace(node, addresses={"replication": node.addresses["replication"]})

    assert rootfs.networks_of(cluster, node) == {"management": "eth0", "replication": "eth1"}
    assert rootfs.networks_of(cluster, alone) == {"replication": "eth0"}


def test_interfaces_carry_the_addresses_of_the_cluster_file(cluster: Cluster) -> None:
    text = rootfs.interfaces(cluster, cluster.node("ctl2"))

    assert "auto eth0\niface eth0 inet static\n    address 192.168.42.12/24\n" in text
    assert "auto eth1\niface eth1 inet static\n    address 10.0.42.12/24\n" in text


def test_every_node_finds_every_name_at_an_address_that_others_reach(cluster: Cluster) -> None:
    assert "127.0.1.1" not in rootfs.hosts(cluster)
    for node in cluster.nodes:
        assert f"{node.management} {node.name}\n" in rootfs.hosts(cluster)


def test_own_files_are_written_with_their_modes(cluster: Cluster, tmp_path: Path) -> None:
    places = NodePlaces(tmp_path / "ctl1")
    private, public = keys.make_pair("root@ctl1")
    files = rootfs.own_files(cluster, cluster.node("ctl1"), login_key=b"ssh-ed25519 AAAA lab\n",
                             host_private=private, host_public=public)

    rootfs.write(places, files)

    modes = {file.path: (places.upper / file.path).stat().st_mode & 0o777 for file in files}
    assert modes["etc/ssh/ssh_host_ed25519_key"] == 0o600
    assert modes["etc/hostname"] == 0o644
    assert (places.upper / "root").stat().st_mode & 0o777 == 0o700
    assert places.upper.stat().st_mode & 0o777 == 0o755
    assert (places.upper / "etc/hostname").read_text() == "ctl1\n"


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs OpenSSH")
def test_openssh_reads_the_keys_and_finds_hosts_by_name_and_by_address(tmp_path: Path) -> None:
    public = keys.write_login_key(tmp_path / "key", "fournines lab small")
    (tmp_path / "known_hosts").write_text(keys.known_host(["ctl1", "192.168.42.11"], public))

    derived = subprocess.run(["ssh-keygen", "-y", "-f", str(tmp_path / "key")], capture_output=True,
                             check=True)

    assert derived.stdout.split()[:2] == public.split()[:2]
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    for name in ("ctl1", "192.168.42.11"):
        subprocess.run(["ssh-keygen", "-F", name, "-f", str(tmp_path / "known_hosts")],
                       capture_output=True, check=True)


def test_a_machine_is_remembered_between_commands(tmp_path: Path) -> None:
    path = tmp_path / "machine.json"
    state = MachineState(ProcessId(4711, 99), ProcessId(4710, 98), ("/sys/fs/cgroup/x",), ("management",))

    assert read_machine(path) == MachineState()
    write_machine(path, state)

    assert read_machine(path) == state
    assert json.loads(path.read_text())["init"] == [4711, 99]
    assert state.off() == MachineState(cut=("management",))
