"""Services that Pacemaker moves, with their own files."""

from __future__ import annotations

from tests.audit.planting import Fault

IP = "primitive ip IPaddr2 ip=10.0.0.9\n"
DB = "primitive db mysql\n"
DISC = "primitive fs Filesystem device=/dev/drbd1 directory=/var/lib/x fstype=xfs\n"
BROKER = "primitive mq ocf:rabbitmq:rabbitmq-server nodename=rabbit@vip mnesia_base=/var/lib/x/mnesia\n"
LOGIN = "os_username=a os_password={0} os_auth_url=http://k"
KEYSTONE = f"primitive k ocf:openstack:keystone {LOGIN}\n"
GLANCE = f"primitive g ocf:openstack:glance-api {LOGIN}\n"


def crm(rule: str, broken: str, right: str) -> Fault:
    return Fault(rule, {"crm": broken}, {"crm": right})


FAULTS = (
    crm("MAP001",
        IP + DB.replace("mysql",
                        "mysql additional_parameters=--bind-address=10.0.0.1  <--") + "group g ip db\n",
        IP + DB.replace("mysql", "mysql additional_parameters=--bind-address=10.0.0.9") + "group g ip db\n"),
    Fault("MAP001",
          {"crm": IP + DB + "group g ip db\n", "my.cnf": "[mysqld]\nbind-address = 10.0.0.1  <--\n"},
          {"crm": IP + DB + "group g ip db\n", "my.cnf": "[mysqld]\nbind-address = 10.0.0.9\n"}),
    Fault("MAP002", {"crm": DISC + DB + "group g fs db\n",
                     "my.cnf": "[mysqld]\ninnodb_flush_log_at_trx_commit = 2  <--\nlog_bin = on  <--\n"
                               "innodb_doublewrite = 0  <--\n"},
          {"crm": DISC + DB + "group g fs db\n",
           "my.cnf": "[mysqld]\ninnodb_flush_log_at_trx_commit = 1\nlog_bin = on\nsync_binlog = 1\n"}),
    Fault("MAP002", {"crm": DISC + DB + "group g fs db\n",
                     "my.cnf": "[mysqld]\nlog_bin = on\nsync_binlog = 0  <--\n"},
          {"crm": DB, "my.cnf": "[mysqld]\nlog_bin = on\nsync_binlog = 0\n"}),
    crm("RMQ013", DISC + BROKER.replace("/var/lib/x/mnesia", "/srv/m  <--") + "group g fs mq\n",
        DISC + BROKER + "group g fs mq\n"),
    crm("RMQ013", DISC + BROKER.replace("/x/mnesia", "/x  <--") + "group g fs mq\n", BROKER),
    crm("RMQ014", BROKER.replace("vip", "localhost").replace("\n", "  <--\n"), BROKER),
    crm("RMQ014", "primitive mq ocf:rabbitmq:rabbitmq-server  <--\n", BROKER),
    crm("RMQ015", IP + BROKER + "group g ip mq  <--\n", IP + BROKER),
    crm("SEC004", KEYSTONE.format("8e1d").replace("\n", "  <--\n"), KEYSTONE.format("lrm://")),
    crm("OCF001", KEYSTONE.format("one") + GLANCE.format("two").replace("\n", "  <--\n"),
        KEYSTONE.format("one") + GLANCE.format("one")),
    crm("PCM027", GLANCE.format("x").replace("\n", "  <--\n"), KEYSTONE.format("x")),
    Fault("OCF002", {"crm": "primitive c ocf:openstack:cinder-api  <--\n",
                     "cinder": "[DEFAULT]\nosapi_volume_listen = 10.0.0.9\n"},
          {"crm": "primitive c ocf:openstack:cinder-api url=http://10.0.0.9:8776/v1/\n",
           "cinder": "[DEFAULT]\nosapi_volume_listen = 10.0.0.9\n"}),
    crm("OCF003", "primitive n ocf:openstack:neutron-agent-l3  <--\n",
        "primitive n ocf:openstack:nova-api\n"),
    crm("OCF004", "primitive n ocf:openstack:neutron-metadata-agent  <--\n",
        "primitive n ocf:openstack:neutron-metadata-agent\nclone c n\n"),
    Fault("OSL010",
          {"crm": IP + KEYSTONE + "group g ip k\n", "glance": "[DEFAULT]\nregistry_host = 10.0.0.9  <--\n"},
          {"crm": IP + "primitive r ocf:openstack:glance-registry\ngroup g ip r\n",
           "glance": "[DEFAULT]\nregistry_host = 10.0.0.9\n"}),
    crm("GLA003", GLANCE.replace("\n", "  <--\n"), DISC + GLANCE + "group q fs g\n"),
    Fault("GLA003", {"crm": GLANCE, "glance": "[glance_store]\nfilesystem_store_datadir = /i  <--\n"},
          {"crm": GLANCE, "glance": "[glance_store]\nstores = rbd\n"}),
)
