"""The CIB: what is written is read again, Pacemaker's own schema takes it, and mistakes name their line."""

from __future__ import annotations

import pytest

from fournines.artifacts import cib
from fournines.artifacts.pacemaker import (
    Clone,
    Colocation,
    Configuration,
    Group,
    Level,
    Location,
    Operation,
    Order,
    Other,
    Preference,
    Primitive,
    Property,
    Resources,
)
from fournines.errors import Unparsable, Unwritable

MYSQL = Configuration(
    properties=(Property("stonith-enabled", "true"),),
    resources=Resources(
        primitives=(
            Primitive("p_drbd_mysql", "ocf:linbit:drbd", {"drbd_resource": "mysql"},
                      (Operation("monitor", 29, 20, role="Promoted"),
                       Operation("monitor", 31, 20, role="Unpromoted"))),
            Primitive("p_fs_mysql", "ocf:heartbeat:Filesystem",
                      {"device": "/dev/drbd0", "options": "a=<b>&c"},
                      (Operation("monitor", 20.5, 40, parameters={"OCF_CHECK_LEVEL": "20"}),)),
            Primitive("p_ip_mysql", "ocf:heartbeat:IPaddr2", {"ip": "192.168.42.101"},
                      meta={"migration-threshold": "3"}),
            Primitive("p_haproxy", "systemd:haproxy"),
            Primitive("fence_node1", "stonith:fence_redfish", {"ip": "192.168.42.254"})),
        groups=(Group("g_mysql", ("p_fs_mysql", "p_ip_mysql"), {"target-role": "Started"}),),
        clones=(Clone("ms_drbd_mysql", "p_drbd_mysql", promotable=True, meta={"notify": "true"}),
                Clone("cl_haproxy", "p_haproxy")),
        locations=(Location("l_fence_node1", "fence_node1", "node1", "-INFINITY"),),
        colocations=(Colocation("c_mysql", "g_mysql", "ms_drbd_mysql", with_role="Promoted"),),
        orders=(Order("o_mysql", "ms_drbd_mysql", "g_mysql", "promote", "start"),
                Order("o_loose", "g_mysql", "cl_haproxy", kind="Optional", symmetrical=False)),
        preferences=(Preference("l_mysql_where_members_are_reached", "g_mysql", "reached", 2, "10000"),)),
    levels=(Level("fl-node1-1", "node1", 1, ("fence_node1",)),),
    resource_defaults=(Property("resource-stickiness", "100"),),
    operation_defaults=(Property("timeout", "60s"),))


def sorted_by_id(resources: Resources) -> Resources:
    return Resources(tuple(sorted(resources.primitives, key=lambda each: each.id)),
                     resources.groups, resources.clones, resources.locations, resources.colocations,
                     resources.orders, resources.preferences)


def test_what_is_written_is_read_again() -> None:
    read = cib.parse(cib.emit(MYSQL))
    assert sorted_by_id(read.resources) == sorted_by_id(MYSQL.resources)
    assert (read.properties, read.levels, read.resource_defaults, read.operation_defaults, read.others) == (
        MYSQL.properties, MYSQL.levels, MYSQL.resource_defaults, MYSQL.operation_defaults, ())


def test_values_know_their_lines() -> None:
    text = cib.emit(MYSQL)
    (group,) = cib.parse(text).resources.groups
    assert text.splitlines()[group.line - 1].strip() == '<group id="g_mysql">'


def test_what_the_values_cannot_hold_is_named() -> None:
    read = cib.parse("""<cib><configuration>
        <resources><template id="t" class="systemd" type="x"/><bundle id="b"/></resources>
        <constraints><rsc_location id="l" rsc="x"><rule id="r" score="1"/></rsc_location></constraints>
        <tags><tag id="all"/></tags>
    </configuration></cib>""")
    assert read.others == (Other("template", "t"), Other("bundle", "b"), Other("rsc_location", "l"),
                           Other("tag", "all"))
    assert read.resources == Resources()


WHOLE = '<expression id="e" attribute="a" operation="gte" value="2" type="integer"/>'


@pytest.mark.parametrize("rules", [
    '<rule id="r" score="1"/>', f'<rule id="r">{WHOLE}</rule>',
    f'<rule id="r" score="1" role="Promoted">{WHOLE}</rule>',
    f'<rule id="r" score="1">{WHOLE.replace("gte", "lt")}</rule>',
    f'<rule id="r" score="1">{WHOLE.replace("integer", "string")}</rule>',
    f'<rule id="r" score="1">{WHOLE.replace("2", "-2")}</rule>',
    f'<rule id="r" score="1">{WHOLE}<expression id="f" attribute="b" operation="defined"/></rule>',
    '<rule id="r" score="1"><date_expression id="e" operation="gt" start="2026"/></rule>'])
def test_a_rule_that_is_no_preference_is_named(rules: str) -> None:
    read = cib.parse(f"""<cib><configuration><constraints>
        <rsc_location id="l" rsc="x">{rules}</rsc_location></constraints></configuration></cib>""")
    assert read.others == (Other("rsc_location", "l"),)
    assert read.resources == Resources()


def test_old_words_are_read_as_those_of_now() -> None:
    read = cib.parse("""<configuration><resources><master id="ms_x"><primitive id="x" class="ocf"
        provider="linbit" type="drbd"><operations><op id="o" name="monitor" interval="1min" role="Master"/>
        </operations></primitive></master></resources></configuration>""")
    assert read.resources.clones == (Clone("ms_x", "x", promotable=True),)
    assert read.resources.primitives[0].operations == (Operation("monitor", 60, 0, role="Promoted"),)


def test_a_group_of_what_is_not_there_is_refused() -> None:
    with pytest.raises(Unwritable, match=r"g_rabbitmq.*p_ip_rabbitmq"):
        cib.emit(Configuration(resources=Resources(
            primitives=(Primitive("p_ip_rabbitmp", "ocf:heartbeat:IPaddr2"),),
            groups=(Group("g_rabbitmq", ("p_ip_rabbitmq",)),))))


@pytest.mark.parametrize("agent", ["IPaddr2", "ocf:IPaddr2", "systemd:", "ocf::x"])
def test_an_agent_that_is_none_is_refused(agent: str) -> None:
    with pytest.raises(Unwritable):
        cib.emit(Configuration(resources=Resources((Primitive("x", agent),))))


@pytest.mark.parametrize(("text", "line"), [
    ("", 1), ("<cib>\n<configuration>\n</cib>", 3), ("<cib/>", 1),
    ('<configuration>\n<resources>\n<primitive class="systemd" type="x"/></resources></configuration>', 3),
    ('<configuration><resources><primitive id="x" class="systemd" type="x">\n<operations>'
     '<op name="monitor" interval="soon"/></operations></primitive></resources></configuration>', 2)])
def test_a_mistake_has_its_line(text: str, line: int) -> None:
    with pytest.raises(Unparsable) as caught:
        cib.parse(text)
    assert caught.value.line == line


def test_an_entity_is_not_resolved() -> None:
    text = ('<!DOCTYPE c [<!ENTITY e SYSTEM "file:///etc/hostname">]><configuration><crm_config>'
            '<cluster_property_set id="s"><nvpair id="n" name="x" value="y"/>&e;</cluster_property_set>'
            "</crm_config></configuration>")
    assert cib.parse(text).properties == (Property("x", "y"),)


@pytest.mark.parametrize(("text", "seconds"), [
    ("30", 30), ("30s", 30), ("2min", 120), ("500ms", 0.5), ("1h", 3600), ("soon", None), ("-1", None)])
def test_durations(text: str, seconds: float | None) -> None:
    assert cib.seconds_of(text) == seconds
