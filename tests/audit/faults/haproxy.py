"""HAProxy."""

from __future__ import annotations

from tests.audit.planting import Fault

API = "listen keystone\n bind 10.0.0.100:5000\n"
DB = "listen database\n bind 10.0.0.100:3306\n option httpchk\n"
VIP = ("vrrp_instance a {\n state BACKUP\n virtual_router_id 1\n priority 1\n virtual_ipaddress {\n "
       "10.0.0.100/24\n }\n}\n")

FAULTS = (
    Fault("TOP013", {"haproxy": "listen a  <--\n server a 1.1.1.1:1\n server b 1.1.1.2:1\nlisten b\n"
                                " server a 1.1.1.1:2\n server b 1.1.1.2:2\n server c 1.1.1.3:2\n"},
          {"haproxy": "listen a\n server a 1.1.1.1:1\n server b 1.1.1.2:1\n"}),
    Fault("HAP001",
          {"haproxy": API + " server a 10.0.0.1:5000 check\n server b 10.0.0.2:5000  <--\n"},
          {"haproxy": API + " default-server check\n server a 10.0.0.1:5000\n server b 10.0.0.2:5000\n"}),
    Fault("HAP001",
          {"haproxy": API + " option httpchk\n server a 10.0.0.1:5000  <--\n"},
          {"haproxy": API + " server a 10.0.0.1:5000\n"}),
    Fault("HAP002",
          {"haproxy": "listen keystone  <--\n bind :5000\n server a 10.0.0.1:5000 check\n"},
          {"haproxy": "listen keystone\n bind :5000\n option httpchk GET /healthcheck\n server a "
                      "10.0.0.1:5000 check\n"}),
    Fault("HAP002",
          {"haproxy": "frontend f\n bind :9292\n default_backend b\nbackend b\n option httpchk  <--\n"
                      " server a 10.0.0.1:80 check\n"},
          {"haproxy": "frontend f\n bind :9292\n default_backend b\nbackend b\n option httpchk\n"
                      " http-check send meth GET uri /healthcheck\n server a 10.0.0.1:80 check\n"}),
    Fault("HAP003",
          {"haproxy": "listen web\n bind :443\n option httpchk\n server a 10.0.0.1:443 check  <--\n"},
          {"haproxy": "listen web\n bind :443\n option httpchk\n server a 10.0.0.1:443 check check-ssl\n"}),
    Fault("HAP004",
          {"haproxy": "listen db\n bind :3306\n option mysql-check user a\n server a 10.0.0.1:3306 check "
                      "port 9200  <--\n"},
          {"haproxy": "listen db\n bind :5000\n option httpchk GET /\n server a 10.0.0.1:5000 check\n"}),
    Fault("HAP004",
          {"haproxy": "listen db\n bind :3306\n option mysql-check user a  <--\n server a 10.0.0.1:3306 "
                      "check\n"},
          {"haproxy": "listen db\n bind :3306\n option tcp-check\n server a 10.0.0.1:3306 check\n"}),
    Fault("HAP004",
          {"haproxy": DB + " server a 10.0.0.1:3306 check  <--\n"},
          {"haproxy": "listen web\n bind :80\n option httpchk\n server a 10.0.0.1:80 check\n"}),
    Fault("HAP005",
          {"haproxy": DB + " balance source  <--\n server a 10.0.0.1:3306\n server b 10.0.0.2:3306\n"},
          {"haproxy": DB + " balance source\n server a 10.0.0.1:3306\n server b 10.0.0.2:3306 backup\n"}),
    Fault("HAP005",
          {"haproxy": DB + " server a 10.0.0.1:3306\n server b 10.0.0.2:3306 backup\n",
           "ctl2 haproxy": "listen database  <--\n bind :3306\n server b 10.0.0.2:3306\n server a "
                           "10.0.0.1:3306 backup\n"},
          {"haproxy": DB + " server a 10.0.0.1:3306\n server b 10.0.0.2:3306 backup\n",
           "ctl2 haproxy": DB + " server a 10.0.0.1:3306\n server b 10.0.0.2:3306 backup\n"}),
    Fault("HAP006",
          {"haproxy": "listen mq  <--\n bind :5672\n server a 10.0.0.1:5672 check\n"},
          {"haproxy": "listen mq\n bind :5672\n server a 10.0.0.1:5672 check on-marked-down "
                      "shutdown-sessions\n"}),
    Fault("HAP006",
          {"haproxy": "listen db  <--\n bind :3306\n default-server check on-marked-down shutdown-sessions\n"
                      " server a 10.0.0.1:3306\n server b 10.0.0.2:3306 backup\n"},
          {"haproxy": "listen db\n bind :3306\n default-server check on-marked-down shutdown-sessions\n"
                      " server a 10.0.0.1:3306 on-marked-up shutdown-backup-sessions\n server b "
                      "10.0.0.2:3306 backup\n"}),
    Fault("HAP007",
          {"haproxy": "defaults\n timeout check 10s\n" + API + " server a 10.0.0.1:5000 check inter 2000 "
                                                               "fall 5  <--\n"},
          {"haproxy": "defaults\n timeout check 1s\n" + API + " server a 10.0.0.1:5000 check inter 2000 fall "
                                                              "3\n"}),
    Fault("HAP007",   # a backend that a frontend names; one that nobody names is there for its checks
          {"haproxy": "frontend f\n bind :5000\n use_backend b if TRUE\nbackend b\n timeout check 10s\n"
                      " server a 10.0.0.1:5000 check inter 2000 fall 5  <--\n"},
          {"haproxy": "frontend f\n bind :5000\n default_backend g\nbackend b\n timeout check 10s\n"
                      " server a 10.0.0.1:5000 check inter 2000 fall 5\n"}),
    Fault("HAP008",
          {"haproxy": API + " server a 10.0.0.2.42:5000  <--\n server b 10.0.0.2:35357  <--\n"},
          {"haproxy": API + " server a 10.0.0.2:5000\n server b db.example:5001\n"}),
    Fault("HAP008",
          {"haproxy": API + " server a 10.0.0.2:5000\n server b 10.0.0.2:5000  <--\n"},
          {"haproxy": API + " server a 10.0.0.2:5000\n server b 10.0.0.3:5000\n"}),
    Fault("HAP008",
          {"haproxy": "listen x\n server a 10.0.0.2:1\nlisten y\n server a 10.0.0.3:1  <--\n"},
          {"haproxy": "listen x\n server a 10.0.0.2:1\nlisten y\n server a 10.0.0.2:2\n"}),
    Fault("HAP009",
          {"haproxy": "listen a\n bind 10.0.0.1:80\nlisten b\n bind 10.0.0.1:80  <--\n"},
          {"haproxy": "listen a\n bind 10.0.0.1:80\nlisten b\n bind 10.0.0.1:81\n bind 10.0.0.2:80\n"}),
    Fault("HAP009",
          {"haproxy": "listen a\n bind *:80\nlisten b\n bind 10.0.0.1:80  <--\n"},
          {"haproxy": "listen a\n bind *:80\n bind :::80 v6only\n"}),
    Fault("HAP010",
          {"haproxy": API, "keepalived": VIP, "sysctl": "net.ipv4.ip_nonlocal_bind = 0  <--\n"},
          {"haproxy": API, "keepalived": VIP, "sysctl": "net.ipv4.ip_nonlocal_bind = 1\n"}),
    Fault("HAP010",
          {"haproxy": "listen a\n bind 10.0.0.100:80  <--\n", "keepalived": VIP,
           "sysctl": "vm.swappiness = 1\n"},
          {"haproxy": "listen a\n bind 10.0.0.100:80 transparent\n", "keepalived": VIP,
           "sysctl": "vm.swappiness = 1\n"}),
    Fault("HAP011",
          {"haproxy": "global\n maxconn 4000  <--\ndefaults\n maxconn 8000\nlisten a\n bind :80\n"},
          {"haproxy": "global\n maxconn 9000\ndefaults\n maxconn 8000\nlisten a\n bind :80\n"}),
    Fault("HAP012",
          {"haproxy": "global\n daemon  <--\ndefaults\n log global  <--\n timeout client 1s\n timeout server "
                      "1s\nlisten a  <--\n bind :80\n"},
          {"haproxy": "global\n log /dev/log local0\n stats socket /run/h.sock\ndefaults\n log global\n"
                      " timeout client 1s\n timeout server 1s\n timeout connect 1s\nlisten a\n bind :80\n"}),
    Fault("HAP013",
          {"haproxy": "global\n stats socket /run/h.sock mode 666 level admin  <--\nlisten stats\n bind "
                      ":9000\n stats enable  <--\n stats admin if TRUE  <--\n"},
          {"haproxy": "global\n stats socket /run/h.sock mode 660 level admin\nlisten stats\n bind "
                      "127.0.0.1:9000\n stats enable\n"}),
    Fault("HAP014",
          {"haproxy": "defaults\n timeout http-request 5  <--\n" + API + " server a 10.0.0.1:5000\n"},
          {"haproxy": "defaults\n mode http\n timeout http-request 5\n" + API + " server a 10.0.0.1:5000\n"}),
    Fault("HAP015",
          {"haproxy": "listen a\n bind 10.0.0.101:80  <--\n",
           "ctl2 haproxy": "listen a\n bind 10.0.0.101:80\n",
           "keepalived": VIP, "ctl2 keepalived": VIP},
          {"haproxy": "listen a\n bind 10.0.0.100:80\n", "ctl2 haproxy": "listen a\n bind 10.0.0.100:80\n",
           "keepalived": VIP, "ctl2 keepalived": VIP}),
)
