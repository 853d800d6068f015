"""memcached, secrets, and what could not be understood."""

from __future__ import annotations

from tests.audit.planting import Fault

FAULTS = (
    Fault("MEM001",
          {"nova": "[cache]\nmemcache_servers = a:11211,b:11211\n",
           "ctl2 nova": "[cache]\nmemcache_servers = b:11211,a:11211  <--\n"},
          {"nova": "[cache]\nmemcache_servers = a:11211,b:11211\n",
           "ctl2 nova": "[cache]\nmemcache_servers = a:11211, b:11211\n"}),
    Fault("MEM001",
          {"nova": "[cache]\nmemcache_servers = localhost:11211  <--\n", "ctl2 heat": "[DEFAULT]\n"},
          {"nova": "[cache]\nmemcache_servers = localhost:11211\n"}),
    Fault("MEM002", {"memcached": "-l 0.0.0.0  <--\n-U 11211  <--\n"},
          {"memcached": "-l 10.0.0.1,127.0.0.1\n-U 0\n"}),
    Fault("MEM002", {"memcached": "<--\n-m 64\n"}, {"memcached": "-s /run/memcached.sock\n"}),
    Fault("MEM002",
          {"memcached-unit": "[Service]\nExecStart=\nExecStart=/usr/bin/memcached -u memcache -l ::  <--\n"},
          {"memcached": "-l 0.0.0.0\n",
           "memcached-unit": "[Service]\nExecStart=\nExecStart=/usr/bin/memcached -l 10.0.0.1\n"}),
    Fault("MEM003", {"nova": "[keystone_authtoken]\nmemcached_servers = a:11211  <--\n"},
          {"nova": "[keystone_authtoken]\nmemcached_servers = a:1\nmemcache_security_strategy = ENCRYPT\n"}),
    Fault("SEC002",
          {"nova": "[database]\nconnection = mysql://nova:secrete@10.0.0.1/nova  <--\n[neutron]\npassword = "
                   "Password  <--\n",
           "my.cnf": "[mysqld]\nwsrep_sst_auth = sst:wspass  <--\n[client]\npassword = admin  <--\n",
           "rabbitmq": "default_pass = guest  <--\n",
           "haproxy": "listen s\n stats auth admin:admin  <--\n",
           "keepalived": "vrrp_instance a {\n authentication {  <--\n  auth_pass 1234\n }\n}\n"},
          {"nova": "[database]\nconnection = mysql://nova:8e1d@10.0.0.1/nova\n[neutron]\npassword = f3a9\n",
           "my.cnf": "[mysqld]\nwsrep_sst_auth = sst:91c0\n",
           "haproxy": "listen s\n stats auth admin:7d2c\n"}),
    Fault("AUD002",
          {"haproxy": "oops  <--\nglobal\n log 'x  <--\n maxconn 1\n", "nova": "a = 1  <--\n[b]\nc = 1\n"},
          {"haproxy": "global\n log 'x'\n", "nova": "[b]\nc = 1\n"}),
    Fault("AUD002", {"advanced": "[{a,\n'b]  <--\n"}, {"advanced": "[].\n"}),
    Fault("AUD002",
          {"crm": "property a=b \\ # (1)  <--\n c=d\n"
                  "primitive p systemd:a  <--\n meta a=b\nprimitve q  <--\n",
           "horizon": "OPENSTACK_HOST = 192.168.42.103  <--\n", "drbd": "resource r {\n a b  <--\n}\n",
           "cib": "<cib>  <--\n</cib>"},
          {"crm": "property a=b \\\n c=d\n# primitive\ncommit\n",
           "horizon": "OPENSTACK_HOST = '192.168.42.103'\n",
           "drbd": "resource r {\n a b;\n}\n", "cib": "<cib>\n<configuration/></cib>"}),
    Fault("AUD003",
          {"haproxy": "# fournines: ignore HAP001  <--\nglobal\n"},
          {"haproxy": "# fournines: ignore HAP001 because it is a test\nglobal\n"}),
    Fault("AUD003",
          {"haproxy": "# fournines: ignore HAP999 because of a typing mistake  <--\nglobal\n"},
          {"haproxy": "# as fournines says, ignore nothing\nglobal\n"}),
)
