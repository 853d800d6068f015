"""Corosync: a good file with lines added or taken."""

from __future__ import annotations

from tests.audit.planting import Fault

NODES = "nodelist {\n" + "".join(
    f" node {{\n  ring0_addr: 10.0.0.{number}\n  ring1_addr: 10.1.0.{number}\n  nodeid: {number}\n }}\n"
    for number in (1, 2, 3)) + "}\n"
TWO = "nodelist {\n" + "".join(f" node {{\n  ring0_addr: 10.0.0.{number}\n  nodeid: {number}\n }}\n"
                               for number in (1, 2)) + "}\n"


def totem(*lines: str) -> str:
    return "totem {\n version: 2\n" + "".join(f" {line}\n" for line in lines) + "}\n"


def quorum(*lines: str) -> str:
    return "quorum {\n provider: corosync_votequorum\n" + "".join(f" {line}\n" for line in lines) + "}\n"


DEVICE = "device {\n  model: net\n  net {\n   algorithm: ffsplit\n  }\n }"
ALONE, WATCHDOG = TWO + quorum("two_node: 1"), "stonith-watchdog-timeout"
FAULTS = (
    Fault("COR009", {"corosync": totem("token: 3000") + NODES,
                     "ctl2 corosync": totem("token: 5000  <--", "consensus: 9000  <--") + NODES},
          {"corosync": totem("token: 3000") + NODES, "ctl2 corosync": totem("token: 3000") + NODES}),
    Fault("COR009", {"corosync": totem() + NODES, "ctl2 corosync": "<--\n" + totem() + TWO},
          {"corosync": totem() + "totem {\n interface {\n  bindnetaddr: 10.0.0.1\n }\n}\n",
           "ctl2 corosync": totem() + "totem {\n interface {\n  bindnetaddr: 10.0.0.2\n }\n}\n"}),
    Fault("COR017", {"corosync": totem("key: c29tZXRoaW5n  <--")}, {"corosync": totem()}),
    Fault("COR001", {"corosync": "<--\n" + totem()}, {"corosync": quorum()}),
    Fault("COR001", {"corosync": "quorum {\n provider: other  <--\n}\n"}, {"corosync": quorum()}),
    Fault("COR002", {"corosync": NODES + quorum("two_node: 1  <--")},
          {"corosync": TWO + quorum("two_node: 1")}),
    Fault("COR003", {"corosync": TWO + quorum("two_node: 1", "wait_for_all: 0  <--")},
          {"corosync": TWO + quorum("two_node: 1")}),
    Fault("COR004", {"corosync": TWO + quorum().replace("quorum {", "quorum {  <--")},
          {"corosync": TWO + quorum(DEVICE)}),
    Fault("COR005", {"corosync": quorum("last_man_standing: 1  <--", DEVICE)},
          {"corosync": quorum("last_man_standing: 1")}),
    Fault("COR006", {"corosync": quorum("last_man_standing: 1  <--", "allow_downscale: 1  <--")},
          {"corosync": quorum("last_man_standing: 1", "wait_for_all: 1")}),
    Fault("COR007", {"corosync": NODES + quorum("expected_votes: 5  <--")},
          {"corosync": NODES + quorum("expected_votes: 3")}),
    Fault("COR007",
          {"corosync": NODES.replace("node {", "node {  <--", 1).replace("nodeid: 1", "quorum_votes: 2")},
          {"corosync": NODES}),
    Fault("COR008", {"corosync": totem("token: 3000", "consensus: 4000  <--") + NODES},
          {"corosync": totem("token: 3000", "consensus: 5000") + NODES}),
    Fault("COR008", {"corosync": totem("token: 3000", "join: 60", "consensus: 50  <--") + TWO},
          {"corosync": totem("token: 3000", "consensus: 600") + TWO}),
    Fault("COR010", {"corosync": totem("transport: udpu  <--")},
          {"corosync": totem("transport: knet") + NODES}),
    Fault("COR010", {"corosync": "nodelist {\n node {  <--\n  ring0_addr: 10.0.0.1\n }\n}\n"},
          {"corosync": NODES}),
    Fault("COR011", {"corosync": NODES.replace("10.1.0.1", "10.0.0.11  <--")}, {"corosync": NODES}),
    Fault("COR011",
          {"corosync": totem("interface {\n bindnetaddr: 10.0.0.0  <--\n}"),
           "haproxy": "listen a\n bind 10.0.0.9:80\n"},
          {"corosync": totem("interface {\n bindnetaddr: 10.0.9.0\n}"),
           "haproxy": "listen a\n bind 10.0.0.9:80\n"}),
    Fault("COR012", {"corosync": totem("token: 10000  <--", "token_retransmits_before_loss_const: 10  <--")},
          {"corosync": totem("token: 5000", "token_retransmits_before_loss_const: 4")}),
    Fault("COR012", {"corosync": totem("token: 500  <--")}, {"corosync": totem()}),
    Fault("COR013", {"corosync": totem("crypto_hash: none  <--")},
          {"corosync": totem("crypto_hash: sha256")}),
    Fault("COR014", {"corosync": totem("transport: udp", "secauth: on  <--")},
          {"corosync": totem("transport: udp", "secauth: off")}),
    Fault("COR014", {"corosync": totem("crypto_cipher: aes256  <--")},
          {"corosync": totem("crypto_cipher: aes256", "crypto_hash: sha256")}),
    Fault("COR015",
          {"corosync": totem("rrp_mode: active  <--", "vsftype: none  <--", "threads: 0  <--")
              + "amf {  <--\n}\nservice {  <--\n}\naisexec {  <--\n}\n"
              "logging {\n logger_subsys {\n  subsys: AMF  <--\n  tags: enter  <--\n }\n}\n"},
          {"corosync": totem() + "logging {\n logger_subsys {\n  subsys: QUORUM\n }\n}\n"}),
    Fault("COR016", {"corosync": "<--\n" + totem()}, {"corosync": NODES}),
    Fault("COR016",
          {"corosync": NODES.replace("nodeid: 2", "nodeid: 1  <--").replace("nodeid: 3", "nodeid: 0  <--")},
          {"corosync": NODES}),
    Fault("COR018",
          {"corosync": totem("cluster_name: a") + NODES + quorum(DEVICE.replace("split", "split  <--"))},
          {"corosync": totem("cluster_name: a") + TWO + quorum(DEVICE)}),
    Fault("COR018", {"corosync": totem().replace("totem {", "totem {  <--")},
          {"corosync": totem("cluster_name: a")}),
    Fault("FEN008", {"corosync": ALONE, "crm": f"property {WATCHDOG}=16s  <--\n"},
          {"corosync": TWO + quorum(DEVICE), "crm": f"property {WATCHDOG}=16s\n"}),
    Fault("FEN008", {"corosync": ALONE, "crm": f"property {WATCHDOG}=-1  <--\n"},
          {"corosync": ALONE, "crm": f"property {WATCHDOG}=0\n"}),
    Fault("COR020", {"corosync": "logging {\n to_stderr: yes  <--\n}\n"},
          {"corosync": "logging {\n to_stderr: no\n}\n"}),
)
