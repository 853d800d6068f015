"""Keepalived: the file of one peer, in variations."""

from __future__ import annotations

from tests.audit.planting import Fault


def peer(*, router: str = "51", priority: str = "150", state: str = "BACKUP", more: str = "",
         vip: str = "10.0.0.100",
         before: str = "") -> str:
    return (f"{before}vrrp_instance api {{\n interface eth0\n state {state}\n virtual_router_id {router}\n"
            f" priority {priority}\n virtual_ipaddress {{\n  {vip}/24\n }}\n{more}}}\n")


CHECK = "vrrp_script alive {\n script /bin/true\n timeout 1\n weight -20\n}\n"
TRACKED = " track_script {\n  alive\n }\n"
FAULTS = (
    Fault("KAD006", {"keepalived": "vrrp_instance a {\n virtual_ipaddress {\n 10.0.0.9/24\n }\n}\n",
                     "crm": "primitive ip IPaddr2 ip=10.0.0.9  <--\n"},
          {"keepalived": "vrrp_instance a {\n virtual_ipaddress {\n 10.0.0.8/24\n }\n}\n",
           "crm": "primitive ip IPaddr2 ip=10.0.0.9\n"}),
    Fault("KAD001",
          {"keepalived": peer(), "ctl2 keepalived": peer(router="52  <--", priority="100")},
          {"keepalived": peer(), "ctl2 keepalived": peer(priority="100")}),
    Fault("KAD001",
          {"keepalived": peer(), "ctl2 keepalived": peer(router="51  <--", vip="10.0.0.101")},
          {"keepalived": peer(), "ctl2 keepalived": peer(router="52", vip="10.0.0.101")}),
    Fault("KAD002",
          {"keepalived": peer(), "ctl2 keepalived": peer(priority="150  <--")},
          {"keepalived": peer(), "ctl2 keepalived": peer(priority="149")}),
    Fault("KAD002",
          {"keepalived": peer(state="MASTER  <--"),
           "ctl2 keepalived": peer(state="MASTER  <--", priority="1")},
          {"keepalived": peer(), "ctl2 keepalived": peer(priority="1")}),
    Fault("KAD002",
          {"keepalived": peer(state="MASTER", more=" nopreempt  <--\n")},
          {"keepalived": peer(more=" nopreempt\n")}),
    Fault("KAD003",
          {"keepalived": peer().replace("api {", "api {  <--"), "haproxy": "listen a\n bind 10.0.0.100:80\n"},
          {"keepalived": peer(more=TRACKED, before=CHECK), "haproxy": "listen a\n bind 10.0.0.100:80\n"}),
    Fault("KAD003",
          {"keepalived": peer().replace("api {", "api {  <--")},
          {"keepalived": peer(before="vrrp_sync_group all {\n group {\n  api\n }\n track_script {\n  alive\n "
                                     "}\n}\n")}),
    Fault("KAD004",
          {"keepalived": peer(more=TRACKED, before=CHECK.replace("-20", "-20  <--")),
           "ctl2 keepalived": peer(priority="100", more=TRACKED, before=CHECK)},
          {"keepalived": peer(more=TRACKED, before=CHECK),
           "ctl2 keepalived": peer(priority="140", more=TRACKED, before=CHECK)}),
    Fault("KAD005",
          {"keepalived": peer(more=" advert_int 1\n"),
           "ctl2 keepalived": peer(priority="1", more=" advert_int 2  <--\n")},
          {"keepalived": peer(more=" advert_int 1\n"),
           "ctl2 keepalived": peer(priority="1", more=" advert_int 1\n")}),
    Fault("KAD005",
          {"keepalived": peer(more=" unicast_src_ip 10.0.0.1\n unicast_peer {  <--\n  10.0.0.1\n }\n"),
           "ctl2 keepalived": peer(priority="1", more=" unicast_src_ip 10.0.0.2\n unicast_peer {\n  "
                                                      "10.0.0.1\n }\n")},
          {"keepalived": peer(more=" unicast_src_ip 10.0.0.1\n unicast_peer {\n  10.0.0.2\n }\n"),
           "ctl2 keepalived": peer(priority="1", more=" unicast_src_ip 10.0.0.2\n unicast_peer {\n  "
                                                      "10.0.0.1\n }\n")}),
    Fault("KAD005",
          {"keepalived": peer(more=" authentication {  <--\n  auth_type PASS\n  auth_pass morethan8\n }\n")},
          {"keepalived": peer(more=" authentication {\n  auth_type PASS\n  auth_pass upto8888\n }\n")}),
    Fault("KAD005",
          {"keepalived": peer(more=" unicast_peer {\n  10.0.0.2\n }\n"),
           "ctl2 keepalived": peer(priority="1").replace("api {", "api {  <--")},
          {"keepalived": peer(), "ctl2 keepalived": peer(priority="1")}),
    Fault("KAD007",
          {"keepalived": "global_defs {  <--\n router_id a\n}\nvrrp_script alive {  <--\n script /bin/true\n"
                         "}\n"},
          {"keepalived": "global_defs {\n enable_script_security\n}\n" + CHECK}),
    Fault("KAD008",
          {"keepalived": peer(before="global_defs {\n vrrp_version 3\n}\n",
                              more=" authentication {  <--\n  auth_pass short\n }\n")},
          {"keepalived": peer(more=" authentication {\n  auth_pass short\n }\n")}),
)
