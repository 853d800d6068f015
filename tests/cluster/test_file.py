"""A good cluster file becomes frozen values; anything else becomes findings and never a traceback."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import FrozenInstanceError
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fournines.cluster.document import MOST_BYTES, Data, read_document
from fournines.cluster.file import load
from fournines.cluster.topology import Cluster, Reach, Recovery, Vip
from fournines.errors import ClusterFileError
from fournines.findings import Place

EVERYTHING = """\
cluster: everything
release: zed
distro: debian12
recovery: {recover_within: 0.5m}
networks:
  management: {cidr: 192.168.42.0/24, gateway: 192.168.42.1}
  storage-a: {cidr: 10.1.0.0/16, switch: "1"}
vips:
  public: 192.168.42.200
  internal: 10.1.255.254
nodes:
  - name: ctl1
    management: 192.168.42.11
    storage-a: 10.1.0.1
    rack: Row 3/Rack-1
    switch: sw-a
    domains: {room: b1}
    reach: {host: ctl1.example.org, user: root, port: 2222}
  - name: ctl2
    management: 192.168.42.12
    storage-a: 10.1.0.2
  - name: ctl3
    management: 192.168.42.14
    storage-a: 10.1.0.3
  - name: arbiter
    management: 192.168.42.13
    arbitrator: true
layers:
  host:
  database: {pattern: active-active, buffer_pool_mib: 128}
  loadbalancer:
  api: {services: [glance]}
overrides:
  vrrp.advert_int: 500ms
  tcp.retries2: 4
"""


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "cluster.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.fixture
def everything(tmp_path: Path, specs: Mapping[str, type]) -> Cluster:
    return load(written(tmp_path, EVERYTHING), specs)


def test_the_example_is_a_cluster(three_controllers: Path, specs: Mapping[str, type]) -> None:
    cluster = load(three_controllers, specs)
    assert (cluster.name, cluster.release, cluster.distro) == ("demo", "zed", "debian12")
    assert cluster.recovery == Recovery(5.0, "never")
    assert [node.name for node in cluster.controllers] == ["ctl1", "ctl2", "ctl3"]
    assert cluster.service_vip == Vip("internal", IPv4Address("192.168.42.101"), "management")
    assert cluster.node("ctl2").domains == {"rack": "r2", "power": "pdu-b"}
    assert str(cluster.node("ctl3").replication) == "10.0.42.13"


def test_layers_are_their_own_settings(everything: Cluster, specs: Mapping[str, type]) -> None:
    assert list(everything.layers) == ["host", "database", "loadbalancer", "api"]
    assert everything.layers["database"] == specs["database"](buffer_pool_mib=128)
    assert everything.layers["api"] == specs["api"](services=("glance",))
    assert everything.spec(specs["database"]) is everything.layers["database"]


def test_what_is_left_out_has_its_default(tmp_path: Path, specs: Mapping[str, type]) -> None:
    text = EVERYTHING.replace("distro: debian12\n", "").split("overrides:")[0] + "overrides:\n"
    cluster = load(written(tmp_path, text), specs)
    assert cluster.distro == "debian12"
    assert cluster.overrides == {}
    assert cluster.recovery.lose_acknowledged_writes == "never"
    assert cluster.node("ctl2").reach == Reach()


def test_everything_a_file_can_say(everything: Cluster) -> None:
    assert everything.recovery.recover_within_s == 30.0
    assert everything.networks["storage-a"].cidr == IPv4Network("10.1.0.0/16")
    assert everything.networks["storage-a"].switch == "1"
    assert everything.gateway == IPv4Address("192.168.42.1")
    assert everything.vips["internal"].network == "storage-a"
    assert everything.service_vip.name == "internal"
    node = everything.node("ctl1")
    assert node.domains == {"rack": "Row 3/Rack-1", "switch": "sw-a", "room": "b1"}
    assert node.reach == Reach("ctl1.example.org", "root", 2222)
    assert everything.node("arbiter").arbitrator
    assert [node.name for node in everything.controllers] == ["ctl1", "ctl2", "ctl3"]
    assert everything.overrides == {"vrrp.advert_int": "500ms", "tcp.retries2": "4"}


def test_values_are_frozen(everything: Cluster) -> None:
    with pytest.raises(FrozenInstanceError):
        everything.name = "other"  # type: ignore[misc]


def test_anchors_may_be_used(tmp_path: Path, specs: Mapping[str, type]) -> None:
    text = EVERYTHING.replace("rack: Row 3/Rack-1", "rack: &rack r1").replace(
        "storage-a: 10.1.0.2", "storage-a: 10.1.0.2\n    rack: *rack")
    assert load(written(tmp_path, text), specs).node("ctl2").domains == {"rack": "r1"}


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
def test_a_file_from_another_editor_is_read(tmp_path: Path, specs: Mapping[str, type], ending: str) -> None:
    text = b"\xef\xbb\xbf" + EVERYTHING.replace("\n", ending).encode()
    assert load(written(tmp_path, text), specs).name == "everything"


def refusal(path: Path, specs: Mapping[str, type]) -> ClusterFileError:
    with pytest.raises(ClusterFileError) as refused:
        load(path, specs)
    return refused.value


def test_a_missing_file_is_one_finding(tmp_path: Path, specs: Mapping[str, type]) -> None:
    finding, = refusal(tmp_path / "none.yaml", specs).findings
    assert finding.where == Place(str(tmp_path / "none.yaml"))
    assert finding.summary == "there is no such file"


@pytest.mark.parametrize(("name", "what"), [(".", "this is a directory"), ("a\0b", "cannot be read"),
                                            ("x" * 300, "cannot be read")])
def test_a_path_that_cannot_be_read_is_one_finding(tmp_path: Path, specs: Mapping[str, type], name: str,
                                                   what: str) -> None:
    finding, = refusal(tmp_path / name, specs).findings
    assert what in finding.summary


def test_an_endless_file_is_one_finding(specs: Mapping[str, type]) -> None:
    finding, = refusal(Path("/dev/zero"), specs).findings
    assert "too large" in finding.summary


def test_size_is_bounded_before_anything_is_parsed() -> None:
    assert "too large" in read_document(b"a: 1\n" * MOST_BYTES).problems[0].what


def check_refused_or_read(path: Path, specs: Mapping[str, type]) -> None:
    """Either a cluster, or findings that all have a place in this file, a reason and a remedy."""
    try:
        load(path, specs)
    except ClusterFileError as refused:
        findings = refused.findings
    else:
        return
    assert findings
    for finding in findings:
        assert isinstance(finding.where, Place)
        assert finding.where.file == str(path)
        assert 1 <= finding.where.line <= len(path.read_text(errors="replace").splitlines()) + 1
        assert finding.summary
        assert finding.remedy
        assert str(finding).isprintable()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster") / "cluster.yaml"


YAML_PIECES = st.lists(st.sampled_from([
    "cluster", "nodes", "networks", "layers", "- ", ": ", "\n", "  ", "{", "}", "[", "]", ", ", "&a ", "*a",
    "'", '"', "|", ">", "!!str ", "? ", "#", "---\n", "%YAML 1.1\n", "\t", "~", "1", "1e9", "0x1f", "\\",
    "<<", "\u0085", "5s", "192.168.42.1", "null", "true", "2001-01-01", "\U0001F600", "...\n"]),
    max_size=40).map("".join)
ANY_BYTES = (st.binary(max_size=200) | YAML_PIECES.map(str.encode)
             | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
ANY_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["5s", "10.1.0.3", "192.168.42.0/24", "::1", "ctl1", "management"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6)


@settings(max_examples=200, deadline=None)
@given(content=ANY_BYTES)
def test_whatever_the_bytes_there_is_no_traceback(scratch: Path, specs: Mapping[str, type],
                                                  content: bytes) -> None:
    scratch.write_bytes(content)
    check_refused_or_read(scratch, specs)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_mutilated_file_gives_findings(scratch: Path, specs: Mapping[str, type],
                                         data: st.DataObject) -> None:
    text = EVERYTHING
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(start + 12, len(text))))
        text = text[:start] + data.draw(YAML_PIECES) + text[end:]
    scratch.write_bytes(text.encode())
    check_refused_or_read(scratch, specs)


def paths_of(data: Data, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(deeper for key, value in inner for deeper in paths_of(value, (*path, key)))]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_value_anywhere_gives_findings(scratch: Path, specs: Mapping[str, type],
                                           data: st.DataObject) -> None:
    changed = {"": read_document(EVERYTHING.encode()).data}
    for _ in range(data.draw(st.integers(1, 2))):
        *around, last = ("", *data.draw(st.sampled_from(paths_of(changed[""]))))
        holder: Data = changed
        for part in around:
            holder = holder[part]  # type: ignore[index, call-overload]
        holder[last] = data.draw(ANY_VALUE)  # type: ignore[index]
    scratch.write_text(json.dumps(changed[""]))   # JSON is YAML
    check_refused_or_read(scratch, specs)
