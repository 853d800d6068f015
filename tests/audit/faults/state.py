"""What commands on nodes tell, and what all nodes must have alike: clocks, cookies, keys, units."""

from __future__ import annotations

from tests.audit.planting import Fault

WELL = ('<pacemaker-result><summary>\n<current_dc present="true" name="n1" with_quorum="true"/>\n</summary>\n'
        '<nodes>\n<node name="n1" online="true"/>\n<node name="n2" online="true"/>\n</nodes>\n<resources>\n'
        '<resource id="vip" role="Started" active="true" managed="true"><node name="n1"/></resource>\n'
        '<clone id="c"><resource id="ping" role="Started" active="true" managed="true"/>\n'
        '<resource id="ping" role="Stopped" active="false" managed="true"/></clone>\n'
        '<resource id="off" role="Stopped" target_role="Stopped" active="false" managed="true"/>\n'
        '</resources>\n{}</pacemaker-result>\n')
FENCED = '<fence_event target="{}" action="reboot" status="{}"/>{}\n'


def mon(broken: dict[str, str], rule: str = "PCM026", more: str = "", right_more: str = "") -> Fault:
    """The state of a cluster that is well, and the same with pieces exchanged."""
    text = WELL.format(more)
    for old, new in broken.items():
        assert old in text
        text = text.replace(old, new)
    return Fault(rule, {"crm_mon": text}, {"crm_mon": WELL.format(right_more)})


def fences(*events: tuple[str, str, str]) -> str:
    return f"<fence_history>\n{''.join(FENCED.format(*event) for event in events)}</fence_history>\n"


PROVEN = fences(("n1", "success", ""), ("n2", "success", ""))
REPLICA = ('[{"name": "r", "role": "%s", "devices": [{"disk-state": "%s"}], "connections": [{"name": "n2",\n'
           '"connection-state": "%s", "peer-role": "%s", "peer_devices": [{"peer-disk-state": "%s",\n'
           '"out-of-sync": %s}]}]}]\n')


def replica(*broken: str) -> Fault:
    return Fault("DRB010", {"drbd-status": "<--\n" + REPLICA % broken},
                 {"drbd-status": REPLICA % (
                     "Primary", "UpToDate", "Connected", "Secondary", "UpToDate", "0")})


def in_proc(*broken: str) -> Fault:
    """What DRBD 8.4 says."""
    text = ("version: 8.4.11 (api:1/proto:86-101)\n 0: cs:%s ro:%s/%s ds:%s/%s C r-----\n"
            "    ns:116173 nr:673497 dw:744222 dr:120729 al:14 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:%s\n")
    return Fault("DRB010", {"drbd-proc": "<--\n" + text % broken},
                 {"drbd-proc": text % ("Connected", "Primary", "Secondary", "UpToDate", "UpToDate", "0")})


MEMBER = {"provider_name": "Galera", "cluster_status": "Primary", "cluster_size": "2", "connected": "ON",
          "ready": "ON", "local_state": "4", "cluster_state_uuid": "a", "flow_control_paused": "0.002",
          "received_bytes": "1000", "replicated_bytes": "2000"}


def member(**changed: str) -> str:
    """SHOW GLOBAL STATUS of a member after a day; the values that are given are the marked ones."""
    rows = "".join(f"wsrep_{name}\t{changed.get(name, value)}{'  <--' if name in changed else ''}\n"
                   for name, value in MEMBER.items())
    return rows + "Uptime\t86400\n"


def unwell(**changed: str) -> Fault:
    return Fault("GAL014", {"ctl2 wsrep": member(), "wsrep": member(**changed)},
                 {"wsrep": member(), "ctl2 wsrep": member()})


MANAGED = "primitive web systemd:nginx op monitor interval=10s timeout=20s\n"
SOURCES = "".join(f"server 10.0.0.{n} iburst\n" for n in (1, 2, 3))
LOGIN = "[DEFAULT]\ntransport_url = rabbit://u:p@a,u:p@b,u:p@c/{}\n[oslo_messaging_rabbit]\n"
MODERN = "rabbit_transient_quorum_queue = true\nrabbit_stream_fanout = true\n"
REFUSED = "deprecated_features.permit.transient_nonexcl_queues = false\n"
COOKIE = "QWERTZUIOPASDFGHJKLY"

FAULTS = (
    mon({'present="true"': 'present="false"', "<pacemaker": "<--\n<pacemaker"}),
    mon({'with_quorum="true"': 'with_quorum="false"', "<pacemaker": "<--\n<pacemaker"}),
    mon({'"n2" online="true"/>': '"n2" online="false"/>  <--'}),
    mon({'"n2" online="true"/>': '"n2" online="true" unclean="true" pending="true"/>  <--'}),
    mon({'"n2" online="true"/>': '"n2" online="true" standby="true"/>  <--'}),
    mon({'managed="true"><node name="n1"/></resource>':
         'managed="true" failed="true" blocked="true"><node name="n1"/></resource>  <--'}),
    mon({'active="true" managed="true"><node name="n1"/></resource>':
         'active="true" managed="false"><node name="n1"/></resource>  <--'}),
    mon({' target_role="Stopped" active="false" managed="true"/>': ' active="false" managed="true"/>  <--'}),
    mon({}, more='<node_history><node name="n1">\n<resource_history id="vip" fail-count="2"/>  <--\n'
                 '</node></node_history>\n',
        right_more='<node_history><node name="n1"><resource_history id="vip"/></node></node_history>\n'),
    mon({'"n2" online="true"/>': '"n2" online="true"/>  <--'}, "FEN007", fences(("n1", "success", "")),
        PROVEN),
    mon({}, "FEN007", fences(("n1", "success", ""), ("n2", "failed", "  <--"), ("n2", "success", "")),
        fences(("n1", "success", ""), ("n2", "success", ""), ("n2", "failed", ""))),
    mon({'"n1" online="true"/>': '"n1" online="true"/>  <--', '"n2" online="true"/>':
         '"n2" online="true"/>  <--'}, "FEN007", fences(), ""),
    in_proc("WFConnection", "Primary", "Unknown", "UpToDate", "DUnknown", "0"),
    in_proc("Connected", "Primary", "Secondary", "UpToDate", "Inconsistent", "4096"),
    in_proc("Connected", "Secondary", "Primary", "Diskless", "UpToDate", "0"),
    replica("Primary", "Diskless", "Connected", "Secondary", "UpToDate", "0"),
    replica("Primary", "UpToDate", "StandAlone", "Unknown", "DUnknown", "0"),
    replica("Primary", "UpToDate", "Connected", "Primary", "UpToDate", "0"),
    replica("Primary", "UpToDate", "Connected", "Secondary", "Inconsistent", "0"),
    replica("Primary", "UpToDate", "Connected", "Secondary", "UpToDate", "4096"),
    unwell(cluster_status="non-Primary"), unwell(ready="OFF", connected="OFF", local_state="0"),
    unwell(cluster_size="1"), unwell(cluster_state_uuid="b"), unwell(flow_control_paused="0.25"),
    Fault("GAL014", {"wsrep": member(cluster_size="2"),
                     "galera.cnf": "[mysqld]\nwsrep_cluster_address = gcomm://a,b,c\n"},
          {"wsrep": member().replace("Galera", ""),
           "galera.cnf": "[mysqld]\nwsrep_cluster_address = gcomm://a,b,c\n"}),
    Fault("GAL008", {"wsrep": "<--\n" + member().replace("\t1000\n", "\t8640000000\n")},
          {"wsrep": member().replace("\t1000\n", "\t8640000000\n"),
           "galera.cnf": "[mysqld]\nwsrep_provider_options = gcache.size=1G\n"}),
    Fault("PCM022", {"crm": MANAGED, "wants-nginx": "<--\n"}, {"crm": MANAGED, "wants-mariadb": ""}),
    Fault("PCM022", {"crm": "primitive db ocf:heartbeat:galera op monitor interval=10s timeout=20s\n",
                     "wants-mariadb": "<--\n"},
          {"crm": MANAGED, "wants-mariadb": ""}),
    Fault("TIM001", {"chrony": f"<--\nserver 10.0.0.1\n{SOURCES[:18]}"}, {"chrony": SOURCES}),
    Fault("TIM001", {"chrony": "<--\n# server a\n"}, {"chrony": "pool pool.example iburst\n"}),
    Fault("TIM001", {"chrony": "<--\nserver a\n", "ctl2 chrony-source": "server b\nserver c\n"},
          {"chrony": "server a\n", "chrony-source": "server b\nserver c\n"}),
    Fault("TIM001", {"chrony": f"{SOURCES}makestep 1 -1  <--\n"}, {"chrony": f"{SOURCES}makestep 1 3\n"}),
    Fault("RMQ005", {"cookie": COOKIE, "ctl2 cookie": "<--\n" + COOKIE[::-1], "ctl3 cookie": COOKIE + "\n"},
          {"cookie": COOKIE, "ctl2 cookie": COOKIE, "ctl3 cookie": COOKIE + "\n"}),
    Fault("RMQ005", {"cookie": "<--\nsecret"}, {"cookie": COOKIE}),
    Fault("RMQ005", {"rabbitmq-env": "<--\nERLANG_COOKIE=a\n", "ctl2 rabbitmq-env": "NODENAME=rabbit@a\n"},
          {"rabbitmq-env": "ERLANG_COOKIE=a\n", "ctl2 rabbitmq-env": "ERLANG_COOKIE=a\n"}),
    Fault("RMQ009", {"nova": LOGIN.format("  <--"), "rabbitmq": REFUSED},
          {"nova": LOGIN.format("") + MODERN, "rabbitmq": REFUSED}),
    Fault("RMQ009", {"nova": LOGIN.format("") + MODERN.replace("fanout = true", "fanout = false  <--"),
                     "rabbitmq": REFUSED},
          {"nova": LOGIN.format(""), "rabbitmq": REFUSED.replace("false", "true")}),
    Fault("KEY001", {"fernet-1": "a", "ctl2 fernet-1": "<--\nb"},
          {"fernet-0": "x", "ctl2 fernet-0": "y", "fernet-1": "a", "ctl2 fernet-1": "a\n"}),
    Fault("KEY001", {"fernet-1": "a", "ctl2 fernet-1": "a", "ctl2 fernet-2": "<--\nb"},
          {"fernet-1": "a", "ctl2 fernet-1": "a", "ctl2 fernet-0": "b"}),
    Fault("KEY001", {"fernet-1": "<--\na", "ctl2 fernet-0": "b"}, {"fernet-1": "a"}),
    Fault("KEY001", {"keystone": "[DEFAULT]\n", "fernet-1": "a", "ctl2 keystone": "<--\n[DEFAULT]\n"},
          {"keystone": "[DEFAULT]\n", "ctl2 keystone": "[DEFAULT]\n"}),
)
