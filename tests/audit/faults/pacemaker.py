"""Pacemaker, as crm shell text: a cluster that has nothing wrong with it, with lines added or changed."""

from __future__ import annotations

from tests.audit.planting import Fault

IP = "primitive ip IPaddr2 params ip=10.0.0.9 op monitor interval=10s timeout=20s\n"
WEB = "primitive web systemd:nginx op monitor interval=10s timeout=20s\n"
FENCE = ("primitive f{0} stonith:fence_pdu params pcmk_host_list=n{0} pcmk_delay_base={1}s "
         "op monitor interval=60s\n")
FENCES = FENCE.format(1, 5) + FENCE.format(2, 1)
NODES = "node n1\nnode n2\n"
GROUP = IP + WEB + "group g ip web\n"
FOUND = IP.replace("\n", "  <--\n") + WEB + "group g ip web\n"
RINGS = "nodelist {\n" + "".join(
    f" node {{\n  ring0_addr: 10.0.0.{n}\n  ring1_addr: 10.0.1.{n}\n }}\n" for n in (1, 2, 3)) + "}\n"
LOOK = ("primitive p ocf:pacemaker:ping params host_list=10.0.0.1 op monitor interval=10s timeout=60s\n"
        "clone cp p\n")
DRBD = ("primitive d ocf:linbit:drbd params drbd_resource=r \\\n"
        " op start timeout=240s op stop timeout=100s op promote timeout=90s op demote timeout=90s \\\n"
        " op notify timeout=90s op monitor interval=29s role=Promoted op monitor interval=31s "
        "role=Unpromoted\n")
CLONE = "clone c d meta promotable=true notify=true clone-max=2\n"
DISC = ("primitive fs Filesystem params device=/dev/drbd/by-res/r/0 directory=/srv fstype=xfs \\\n"
        " op start timeout=60s op stop timeout=60s op monitor interval=20s timeout=40s OCF_CHECK_LEVEL=20\n")
BOUND = "colocation with inf: fs c:Promoted\norder after Mandatory: c:promote fs:start\n"
STACK = DRBD + CLONE + DISC


def crm(broken: str, right: str, rule: str) -> Fault:
    return Fault(rule, {"crm": broken}, {"crm": right})


def cib(broken: str, right: str, rule: str) -> Fault:
    def whole(inner: str) -> str:
        return f"<cib><configuration>{inner}</configuration></cib>"

    return Fault(rule, {"cib": whole(broken)}, {"cib": whole(right)})


FAULTS = (
    crm("property stonith-enabled=false  <--\n", "property stonith-enabled=true\n", "PCM001"),
    crm("property have-watchdog=false  <--\n" + GROUP, "property have-watchdog=false\n" + GROUP + FENCES,
        "PCM002"),
    crm("<--\n" + GROUP, "property stonith-watchdog-timeout=10s\n" + GROUP, "PCM002"),
    crm("property no-quorum-policy=ignore  <--\n", "property no-quorum-policy=freeze\n", "PCM003"),
    crm("property maintenance-mode=true  <--\nnode n1 \\\n attributes standby=on  <--\n"
        "primitive a systemd:a meta target-role=Stopped  <--\ngroup g a meta is-managed=false  <--\n"
        "primitive b systemd:b meta maintenance=true  <--\n",
        "property maintenance-mode=false\nnode n1 \\\n attributes standby=off\n"
        "primitive a systemd:a meta target-role=Started\ngroup g a meta is-managed=true\n", "PCM004"),
    crm("property is-managed-default=false  <--\n", "property is-managed-default=true\n", "PCM004"),
    crm("primitive a systemd:a  <--\n", WEB, "PCM005"),
    crm("primitive a systemd:a op monitor interval=9s enabled=false  <--\n", "primitive a @t\n", "PCM005"),
    crm(DRBD.replace("role=Promoted op", "role=Stopped op").replace("=Unpromoted",
                                                                    "=Unpromoted  <--") + CLONE,
        DRBD + CLONE, "PCM006"),
    crm(DRBD.replace("interval=31s role=Unpromoted", "interval=29s role=Unpromoted  <--") + CLONE, DRBD,
        "PCM006"),
    crm("primitive fs Filesystem params device=a directory=b fstype=c op stop timeout=60s op start "
        "timeout=10s op monitor interval=20s timeout=40s  <--\n", DISC, "PCM007"),
    crm("primitive m mysql op start timeout=2min op monitor interval=20s timeout=30s  <--\n",
        "op_defaults timeout=600\nprimitive m mysql\n", "PCM007"),
    crm("primitive a systemd:a op stop on-fail=ignore  <--\n",
        "primitive a systemd:a op stop on-fail=fence\n",
        "PCM008"),
    crm("primitive a systemd:a op monitor interval=9 on-fail=block  <--\n",
        "primitive a systemd:a op monitor interval=9 on-fail=restart\n", "PCM008"),
    crm(IP + WEB + "group g ip vveb  <--\n", GROUP, "PCM009"),
    crm(GROUP + "order o web db  <--\ncolocation c inf: ( web x ) ip  <--\nlocation l y -inf: n1  <--\n"
        "fencing_topology n1: f9  <--\n",
        GROUP + "order o ip web\ncolocation c inf: ( ip web ) g\nlocation l web -inf: n1\n" + FENCES
        + "fencing_topology n1: f1 n2: f2\n", "PCM009"),
    crm(IP.replace("\n", "  <--\n") + WEB, GROUP, "PCM010"),
    crm(IP.replace("\n", "  <--\n") + WEB + "colocation c 100: web ip\n",
        IP + WEB + "colocation c inf: web ip\n", "PCM010"),
    crm(STACK + "order after Mandatory: c fs  <--\n", STACK + BOUND, "PCM011"),
    crm("primitive db mysql\nprimitive k ocf:openstack:keystone\ngroup g k  <--\n",
        "primitive db mysql\nprimitive k ocf:openstack:keystone\ngroup g k\norder o Optional: db g\n",
        "PCM011"),
    crm(DRBD + CLONE + DISC.replace(" \\\n", " ", 1).replace("\n", "  <--\n")
        + "colocation with inf: fs c\n", STACK + BOUND, "PCM012"),
    crm("property a=b  <--\n" + GROUP, "property a=b\nrsc_defaults resource-stickiness=100\n" + GROUP,
        "PCM013"),
    crm("rsc_defaults resource-stickiness=0  <--\n" + GROUP, GROUP.replace("group g ip web", "group g ip web "
        "meta resource-stickiness=10"), "PCM013"),
    crm("property a=b  <--\n" + GROUP, GROUP + "rsc_defaults migration-threshold=3 failure-timeout=2h\n",
        "PCM014"),
    crm("rsc_defaults failure-timeout=20s  <--\n" + GROUP, "rsc_defaults failure-timeout=2h\n" + GROUP,
        "PCM015"),
    crm(GROUP + "location cli-ban-g-on-n1 g -inf: n1  <--\n",
        GROUP + "location cli-ban-g-on-n1 g rule -inf: #uname eq n1 and date lt 2030-01-01\n", "PCM016"),
    crm(NODES + GROUP + "location l g -inf: n1  <--\n", NODES + GROUP + "location l g 100: n1\n", "PCM017"),
    crm(NODES + GROUP + "property symmetric-cluster=false\nlocation l g inf: n1  <--\n",
        NODES + GROUP + "property symmetric-cluster=false\nlocation l g inf: n1\nlocation m g 10: n2\n",
        "PCM017"),
    crm(IP + IP.replace("primitive ip", "primitive two").replace("ip=10.0.0.9", "ip=10.0.0.9 nic=a").replace(
        "\n", "  <--\n"), IP + IP.replace("primitive ip", "primitive two").replace("10.0.0.9", "10.0.0.8"),
        "PCM018"),
    crm(IP + IP.replace("primitive ip", "primitive two").replace("\n", "  <--\n"), IP, "PCM018"),
    crm(DRBD + "clone c d meta promotable=true  <--\n", DRBD + CLONE, "PCM019"),
    crm(STACK.replace("notify=true clone-max=2", "notify=true promoted-max=2 clone-node-max=2  <--"),
        STACK.replace("fstype=xfs", "fstype=gfs2").replace("clone-max=2", "promoted-max=2"), "PCM019"),
    crm("primitive a systemd:a op monitor interval=9 role=Master  <--\nms m a meta master-max=1  <--\n"
        "colocation c inf: g m:Master  <--\n",
        "primitive a systemd:a op monitor interval=9 role=Promoted\nclone m a meta promotable=true\n",
        "PCM020"),
    crm("primitive a ocf:heartbeat:mysqld  <--\nprimitive b mysql params dtadir=/x  <--\n"
        "primitive c IPaddr2  <--\nprimitive d ocf:openstack:api-nova  <--\n",
        "primitive a ocf:own:mysqld\nprimitive b mysql params datadir=/x\nprimitive c IPaddr2 ip=1.1.1.1\n"
        "primitive d ocf:openstack:nova-api\nprimitive e ocf:rabbitmq:rabbitmq-server params nodename=a@b\n",
        "PCM021"),
    crm("property startup-fencing=false shutdown-lock=true transition-delay=5s concurrent-fencing=false "
        "pe-input-series-max=10 cluster-recheck-interval=3min  <--\n",
        "property startup-fencing=true shutdown-lock=false cluster-recheck-interval=15min\n", "PCM023"),
    crm("primitive a systemd:a\nprimitive b systemd:b\nclone c a\nclone d b  <--\norder o c d\n",
        "primitive a systemd:a\nprimitive b systemd:b\nclone c a\nclone d b meta interleave=true\norder o c "
        "d\n",
        "PCM024"),
    crm("primitive a systemd:a\nprimitive b ocf:openstack:nova-api\ngroup g a b  <--\n", GROUP, "PCM025"),
    crm("primitive i IPaddr2 ip=1.1.1.1 op monitor interval=30s  <--\n", IP, "PCM028"),
    Fault("PCM029", {"corosync": RINGS, "crm": FOUND}, {"corosync": RINGS, "crm": GROUP + LOOK}),
    Fault("PCM029", {"corosync": "totem {\n interface {\n }\n interface {\n }\n}\n", "crm": FOUND},
          {"corosync": "totem {\n interface {\n }\n}\n", "crm": GROUP}),
    crm(DISC.replace(" OCF_CHECK_LEVEL=20", "  <--"), DISC, "FSY001"),
    Fault("FSY002", {"crm": "primitive fs Filesystem device=/dev/drbd0 directory=/srv/a fstype=xfs\n",
                     "fstab": "# <file system>\nUUID=1 / ext4 defaults 0 1\n/dev/drbd0 /mnt xfs rw 0 0  <--\n"
                              "/dev/sdb1 /srv/a/  <--\n"},
          {"crm": "primitive fs Filesystem device=/dev/drbd0 directory=/srv/a fstype=xfs\n",
           "fstab": "UUID=1 / ext4 defaults 0 1\n/dev/drbd0 /mnt xfs rw,noauto 0 0\n"}),
    crm(NODES + FENCE.format(1, 1).replace("\n", "  <--\n"), NODES + FENCES, "FEN001"),
    crm(NODES + "primitive f stonith:fence_pdu params pcmk_host_map=\"n1:1;n2:2;n9:3\"  <--\n",
        NODES + "primitive f stonith:fence_pdu params pcmk_host_map=\"n1:1;n2:2\"\n", "FEN001"),
    crm("primitive f stonith:external/ssh  <--\n", FENCES, "FEN002"),
    crm("primitive f stonith:fence_redfish  <--\n", "primitive f stonith:fence_redfish\n" + FENCES, "FEN003"),
    crm(NODES + FENCES.replace("pcmk_delay_base", "x").replace("\n", "  <--\n", 1), NODES + FENCES, "FEN004"),
    crm("property stonith-timeout=20s\nprimitive f stonith:fence_pdu params power_timeout=20  <--\n",
        "property stonith-timeout=90s\nprimitive f stonith:fence_pdu params power_timeout=20\n", "FEN005"),
    crm("property stonith-timeout=9s\nprimitive f stonith:fence_pdu params pcmk_delay_base=a:2s;b:9s  <--\n",
        "property stonith-timeout=9s\nprimitive f stonith:fence_pdu params pcmk_delay_base=a:2s;b:8s\n",
        "FEN005"),
    crm("property stonith-timeout=10s stonith-watchdog-timeout=10s  <--\n",
        "property stonith-timeout=60s stonith-watchdog-timeout=10s\n", "FEN006"),
    # The same from the CIB
    cib('<crm_config><cluster_property_set id="a">\n<nvpair id="b" name="stonith-enabled" value="false"/>  '
        '<--\n'
        '</cluster_property_set></crm_config>',
        '<crm_config><cluster_property_set id="a">\n<nvpair id="b" name="stonith-enabled" value="true"/>\n'
        '</cluster_property_set></crm_config>', "PCM001"),
    cib('<resources>\n<primitive id="a" class="ocf" provider="heartbeat" type="mysqld"/>  <--\n</resources>',
        '<resources>\n<primitive id="a" class="ocf" provider="heartbeat" type="mysql"/>\n</resources>',
        "PCM021"),
    cib('<resources><primitive id="a" class="systemd" type="a"/></resources><constraints>\n'
        '<rsc_order id="o" first="a" then="b"/>  <--\n</constraints>',
        '<resources><primitive id="a" class="systemd" type="a"/></resources><constraints>\n'
        '<rsc_order id="o" first="a" then="a"/>\n</constraints>', "PCM009"),
    cib('<resources><primitive id="a" class="systemd" type="a"><operations>\n'
        '<op id="o" name="monitor" interval="9" on-fail="ignore"/>  <--\n'
        '</operations></primitive></resources>',
        '<resources><primitive id="a" class="systemd" type="a"><operations>\n'
        '<op id="o" name="monitor" interval="9"/>\n</operations></primitive></resources>', "PCM008"),
    cib('<resources><clone id="c">  <--\n<meta_attributes id="m"><nvpair id="n" name="promotable" '
        'value="true"/>'
        '</meta_attributes><primitive id="d" class="ocf" provider="linbit" type="drbd"/></clone></resources>',
        '<resources><clone id="c"><meta_attributes id="m"><nvpair id="n" name="promotable" value="true"/>'
        '<nvpair id="y" name="notify" value="true"/></meta_attributes>'
        '<primitive id="d" class="ocf" provider="linbit" type="drbd"/></clone></resources>', "PCM019"),
)
