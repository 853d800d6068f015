"""Recovery: settings that are right each alone, and too long or too many together."""

from __future__ import annotations

from tests.audit.planting import Fault

from .corosync import NODES, totem

STARTS = "op start timeout=5s op stop timeout=5s op monitor interval=5s timeout=5s"
FENCED = "primitive f stonith:fence_apc params ip=10.9.9.9 pcmk_reboot_timeout=3s op monitor interval=60s\n"
UNIT = f"primitive db ocf:heartbeat:mariadb {STARTS}\n"


def balanced(check: str, timeout: str = "1s") -> str:
    return (f"defaults\n timeout check {timeout}\n timeout connect 1s\nlisten keystone\n bind 10.0.0.9:5000\n"
            f" option httpchk\n server a 10.0.0.1:5000 check on-marked-down shutdown-sessions {check}\n")


def router(priority: int, advert: str) -> str:
    return (f"vrrp_instance a {{\n priority {priority}\n advert_int {advert}\n"
            " virtual_ipaddress {\n 10.0.0.9/24\n }\n}\n")


def pooled(pool: int, more: str = "") -> str:
    return f"[database]\nconnection = mysql://a@10.0.0.9/a\nmax_pool_size = {pool}\nmax_overflow = 10\n{more}"


FAULTS = (
    Fault("GAL013", {"my.cnf": "[mysqld]  <--\nport = 3306\n",
                     "glance": pooled(30, "[DEFAULT]\nworkers = 4\n")},
          {"my.cnf": "[mysqld]\nport = 3306\n", "glance": pooled(30, "[DEFAULT]\nworkers = 3\n")}),
    Fault("GAL013", {"my.cnf": "[mysqld]\nmax_connections = 59  <--\n", "glance": pooled(20),
                     "ctl2 glance": pooled(20)},
          {"my.cnf": "[mysqld]\nmax_connections = 60\n", "glance": pooled(20), "ctl2 glance": pooled(20)}),
    Fault("TOP011", {"haproxy": balanced("inter 14s fall 2  <--")}, {"haproxy": balanced("inter 2s fall 2")}),
    Fault("TOP011", {"haproxy": balanced("inter 1s fall 3", "12s  <--")},
          {"haproxy": balanced("inter 1s fall 3", "2s")}),
    Fault("TOP011", {"keepalived": router(200, "11  <--"), "ctl2 keepalived": router(100, "11")},
          {"keepalived": router(200, "1"), "ctl2 keepalived": router(100, "1")}),
    Fault("TOP011", {"galera.cnf": "[mysqld]\nwsrep_on = ON\n"
                                   "wsrep_provider_options = evs.suspect_timeout=PT30S  <--\n"},
          {"galera.cnf": "[mysqld]\nwsrep_on = ON\n"}),
    Fault("TOP011", {"rabbitmq": "net_ticktime = 60  <--\n"}, {"rabbitmq": "net_ticktime = 20\n"}),
    Fault("TOP011", {"rabbitmq": "net_ticktime = 20\n",
                     "nova": "[DEFAULT]\ntransport_url = rabbit://a:b@10.0.0.1\n[oslo_messaging_rabbit]\n"
                             "heartbeat_timeout_threshold = 60  <--\n"},
          {"rabbitmq": "net_ticktime = 20\n",
           "nova": "[DEFAULT]\ntransport_url = rabbit://a:b@10.0.0.1\n[oslo_messaging_rabbit]\n"
                   "heartbeat_timeout_threshold = 20\n"}),
    Fault("TOP011", {"corosync": totem("token: 15000").replace("totem {", "totem {  <--") + NODES,
                     "crm": FENCED + UNIT},   # 15.65 s, and 1.2 times as much, which is the default's place
          {"corosync": totem("token: 3000") + NODES, "crm": FENCED + UNIT}),
    Fault("TOP011", {"corosync": totem("token: 3000", "consensus: 20000  <--") + NODES,
                     "crm": FENCED + UNIT},   # 23.65 s leave 6.35 s to actions that may take 8 s
          {"corosync": totem("token: 3000", "consensus: 4000") + NODES, "crm": FENCED + UNIT}),
    Fault("TOP011", {"sysctl": "net.ipv4.tcp_keepalive_time = 3600  <--\nnet.ipv4.tcp_retries2 = 6\n"},
          {"sysctl": "net.ipv4.tcp_keepalive_time = 10\nnet.ipv4.tcp_keepalive_intvl = 5\n"
                     "net.ipv4.tcp_keepalive_probes = 3\nnet.ipv4.tcp_retries2 = 6\n"}),
)
