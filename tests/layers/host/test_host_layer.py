"""The host layer: names, kernel settings, time."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from fournines.artifacts import hosts, sysctl, systemd
from fournines.blueprint.snapshot import Absent, Snapshot, Unreadable
from fournines.findings import Severity
from fournines.layers.host import LAYER, artifacts, health
from fournines.layers.host.spec import HostSpec
from fournines.layers.layer import Site


def written(site: Site, path: str) -> str:
    return next(file.content.decode() for file in LAYER.contribute(site).files["ctl1"] if file.path == path)


def test_every_node_knows_every_other_by_its_management_address(site: Site) -> None:
    named = {name: str(entry.address) for entry in hosts.parse(written(site, artifacts.HOSTS_FILE)).entries
             for name in entry.names if name.startswith("ctl")}
    assert named == {"ctl1": "192.168.42.11", "ctl2": "192.168.42.12", "ctl3": "192.168.42.13"}


def test_further_names_are_kept(site: Site) -> None:
    spec = HostSpec(hosts={"mirror": IPv4Address("192.168.42.9")})
    cluster = replace(site.cluster, layers={"host": spec})
    assert "192.168.42.9\tmirror" in written(replace(site, cluster=cluster), artifacts.HOSTS_FILE)


def test_kernel_settings_come_from_the_timers(site: Site) -> None:
    assert sysctl.parse(written(site, artifacts.SYSCTL_FILE))
    settings = artifacts.kernel(site.timers)
    assert settings["net.ipv4.tcp_retries2"] == site.timers.count("tcp.retries2")
    assert settings["net.ipv4.ip_nonlocal_bind"] == 1
    assert all(name.startswith("net.") for name in settings)   # what a network namespace has of its own


def test_running_kernel_is_compared_setting_by_setting(site: Site) -> None:
    wanted = artifacts.kernel(site.timers)
    running = "\n".join(f"{name} = {value}" for name, value in wanted.items())

    def same(stdout: str) -> bool | None:
        snapshot = Snapshot({"ctl1": {health.KERNEL: health.parse_kernel({"stdout": stdout})}}, {})
        return health.kernel_as(wanted).judge(snapshot, "ctl1").truth

    assert same(running) is True
    assert same(running.replace("ip_nonlocal_bind = 1", "ip_nonlocal_bind = 0")) is False


def test_nodes_are_each_others_last_source_of_time(site: Site) -> None:
    lines = written(site, artifacts.CHRONY_FILE).splitlines()
    assert "server 192.168.42.12" in lines
    assert "server 192.168.42.11" not in lines
    assert "local stratum 10 orphan" in lines
    own = artifacts.time(site.cluster, HostSpec(time_servers=("ntp.example.org",)), site.cluster.nodes[0])
    assert "server ntp.example.org iburst" in own
    assert "pool" not in own


def test_a_container_only_measures(site: Site) -> None:
    unit = systemd.parse(written(site, artifacts.CHRONY_DROP_IN))
    values = [entry.value for section in unit.sections for entry in section.entries]
    assert any("[ -e /run/systemd/container ] && echo -x" in value for value in values)


def test_the_clock_is_read_as_chronyc_tells_it() -> None:
    told = "A9FEA97B,169.254.169.123,4,1795381444.31,-0.000012345,0.1,0.1,1.0,0.0,0.1,0.0,0.0,64.2,Normal\n"
    assert health.parse_clock({"stdout": told}) == health.Clock(0.000012345, 4)
    for unknown in (told.replace("Normal", "Not synchronised"), "506 Cannot talk to daemon\n", ""):
        with pytest.raises(Unreadable):
            health.parse_clock({"stdout": unknown})


# As chronyd 4.3 told of itself, three on one computer without time servers: the one that the others follow
# (and each of them at first), and one that follows it.
OWN = ("7F7F0101,,10,1795996413.206407092,0.000000000,0.000000000,0.000000000,0.000,0.000,0.000,0.000000000,"
       "0.000000000,0.0,Normal\n")
FOLLOWS = ("7F000001,127.0.0.1,11,1795996426.607256893,-0.000002907,-0.000000449,0.000000449,-0.091,-0.000,"
           "0.732,0.000009697,0.000007130,3.9,Normal\n")
SERVED = "A9FEA97B,169.254.169.123,4,1795381444.31,-0.000012345,0.1,0.1,1.0,0.0,0.1,0.0,0.0,64.2,Normal\n"
THROUGH_ANOTHER = SERVED.replace(",4,", ",5,")


@pytest.mark.parametrize(("told", "truth", "why"), [
    ((SERVED, SERVED, THROUGH_ANOTHER), True, "all follow sources outside"),
    ((OWN, FOLLOWS, FOLLOWS), True, "all follow ctl1"),                  # no time servers, as in a lab
    ((OWN, OWN, FOLLOWS), False, "of their own: ctl1, ctl2"),
    ((OWN, OWN, OWN), False, "of their own: ctl1, ctl2, ctl3"),
    ((SERVED, OWN, SERVED), False, "of their own: ctl2; with a source outside: ctl1, ctl3"),
    ((OWN, OWN, None), False, "of their own: ctl1, ctl2"),
    ((SERVED, SERVED, None), None, "ctl3"),
])
def test_a_node_without_any_source_is_told(site: Site, told: tuple[str | None, ...], truth: bool | None,
                                           why: str) -> None:
    """It calls itself synchronised, and is 0 s from its source."""
    values = {name: {health.CLOCK: health.parse_clock({"stdout": line}) if line else Absent("no answer")}
              for name, line in zip(("ctl1", "ctl2", "ctl3"), told, strict=True)}
    (invariant,) = [each for each in LAYER.contribute(site).invariants if "one time" in each.name]
    judged = invariant.holds.judge(Snapshot(values, {}), "")
    assert judged.truth is truth
    assert why in judged.because
    assert invariant.severity is Severity.WARNING
