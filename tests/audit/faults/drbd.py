"""DRBD: a resource that has nothing wrong with it, with lines added or taken."""

from __future__ import annotations

from tests.audit.planting import Fault

NET = "net {\n protocol C;\n verify-alg sha256;\n cram-hmac-alg sha1;\n fencing resource-and-stonith;\n%s}\n"
HANDLERS = "handlers {\n fence-peer a;\n unfence-peer b;\n}\n"
HOSTS = "on n1 {\n address 10.0.0.1:7700;\n}\non n2 {\n address 10.0.0.2:7700;\n}\n"


def resource(*more: str, net: str = "", handlers: str = HANDLERS) -> str:
    return "resource r {\n" + NET % net + handlers + HOSTS + "".join(more) + "}\n"


def net(rule: str, broken: str, right: str) -> Fault:
    return Fault(rule, {"drbd": resource(net=broken)}, {"drbd": resource(net=right)})


RIGHT = {"drbd": resource()}
FAULTS = (
    Fault("DRB001", {"drbd": resource().replace("C;", "A;  <--")}, RIGHT),
    Fault("DRB001", {"drbd": "resource r {  <--\n net {\n }\n}\n"},
          {"drbd": "common {\n net {\n protocol C;\n }\n}\nresource r {\n}\n"}),
    Fault("DRB002", {"drbd": resource().replace("resource-and-stonith;", "dont-care;  <--")}, RIGHT),
    Fault("DRB002", {"drbd": resource().replace("resource-and-stonith;", "resource-only;  <--")}, RIGHT),
    Fault("DRB002", {"drbd": resource().replace("stonith;", "stonith;  <--"),
                     "crm": "property stonith-enabled=false\nprimitive a systemd:a\n"},
          {**RIGHT, "crm": "primitive a systemd:a\nprimitive f stonith:fence_pdu\n"}),
    Fault("DRB003", {"drbd": resource(handlers="").replace("stonith;", "stonith;  <--")}, RIGHT),
    Fault("DRB003", {"drbd": resource(handlers="handlers {\n fence-peer a;  <--\n}\n")},
          {"drbd": resource(handlers="handlers {\n fence-peer a;\n after-resync-target b;\n}\n")}),
    Fault("DRB003",
          {"drbd": resource("connection {\n}\n",
                            handlers=HANDLERS.replace("-peer a;", "-peer crm-fence-peer.sh;  <--"))},
          {"drbd": resource("connection {\n}\n",
                            handlers=HANDLERS.replace("-peer a;", "-peer crm-fence-peer.9.sh;"))}),
    net("DRB004", "allow-two-primaries yes;  <--\n", "allow-two-primaries no;\n"),
    net("DRB005", "after-sb-1pri discard-secondary;  <--\nrr-conflict violently;  <--\n",
        "after-sb-1pri disconnect;\nafter-sb-0pri discard-zero-changes;\n"),
    Fault("DRB006", {"drbd": resource("disk {\n on-io-error pass_on;  <--\n}\n")},
          {"drbd": resource("disk {\n on-io-error detach;\n}\n")}),
    Fault("DRB006", {"drbd": resource("disk {\n on-io-error call-local-io-error;  <--\n}\n")},
          {"drbd": resource("disk {\n on-io-error call-local-io-error;\n}\n",
                            handlers="handlers {\n fence-peer a;\n local-io-error b;\n}\n")}),
    net("DRB007", "timeout 120;  <--\nko-count 0;  <--\n", "timeout 60;\nko-count 7;\n"),
    Fault("DRB008", {"drbd": resource().replace(" verify-alg sha256;\n", "").replace("r {", "r {  <--", 1)},
          RIGHT),
    Fault("DRB009", {"drbd": resource() + resource().replace("resource r", "resource s").replace(
        "7700;", "7700;  <--")}, RIGHT),
    Fault("DRB009",
          {**{"drbd": resource().replace("on n2 {", "on n2.example {  <--").replace("n2 {", "n2 {")},
                     "crm": "node n1\nnode n2\nprimitive d ocf:linbit:drbd drbd_resource=q  <--\n"},
          {**RIGHT, "crm": "node n1\nnode n2\nprimitive d ocf:linbit:drbd drbd_resource=r\n"}),
    Fault("TOP003", {"drbd": resource().replace("on n1 {", "on n1 {  <--"), "crm": "property a=b\n"},
          {**RIGHT, "crm": "primitive f stonith:fence_pdu\n"}),
)
