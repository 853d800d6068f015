"""Galera."""

from __future__ import annotations

from tests.audit.planting import Fault

MEMBERS = "wsrep_cluster_address = gcomm://10.0.0.1,10.0.0.2,10.0.0.3\n"
ON = "[mysqld]\nwsrep_on = ON\nwsrep_provider = /usr/lib/galera/libgalera_smm.so\n"
WHOLE = ON + MEMBERS + "binlog_format = row\ninnodb_autoinc_lock_mode = 2\n"


def provider(options: str) -> str:
    return f"{ON}wsrep_provider_options = {options}\n"


RELAXED = ON + MEMBERS + "innodb_flush_log_at_trx_commit = 2"
FAULTS = (
    Fault("GAL010", {"my.cnf": RELAXED + "  <--\n", "ctl2 my.cnf": RELAXED + "\n"},
          {"my.cnf": RELAXED + "\n", "ctl2 my.cnf": ON + MEMBERS}),
    Fault("GAL001",
          {"my.cnf": ON + "wsrep_cluster_address = gcomm://10.0.0.1,10.0.0.2:4567  <--\n"},
          {"my.cnf": ON + MEMBERS}),
    Fault("GAL002",
          {"my.cnf": "[mysqld]\nwsrep_on = OFF  <--\nwsrep-provider = none  <--\n"},
          {"my.cnf": ON}),
    Fault("GAL002",
          {"my.cnf": "[client]\nport = 1\n[mysqld]  <--\nwsrep_cluster_name = a\n"},
          {"my.cnf": "[mysqld]\nbind-address = 10.0.0.1\n"}),
    Fault("GAL003",
          {"my.cnf": "[mysqld]\nwsrep_cluster_address = gcomm://  <--\n"},
          {"my.cnf": ON + MEMBERS}),
    Fault("GAL004",
          {"my.cnf": WHOLE, "ctl2 my.cnf": ON + "wsrep_cluster_address = gcomm://10.0.0.1  <--\n"},
          {"my.cnf": WHOLE, "ctl2 my.cnf": WHOLE}),
    Fault("GAL004",
          {"my.cnf": "[mysqld]  <--\nwsrep_on = ON\n"},
          {"my.cnf": WHOLE}),
    Fault("GAL004",
          {"my.cnf": WHOLE + "wsrep_node_address = 10.0.0.9  <--\n"},
          {"my.cnf": WHOLE + "wsrep_node_address = 10.0.0.3:4567\n"}),
    Fault("GAL004",
          {"my.cnf": WHOLE + "wsrep_cluster_name = a\n",
           "ctl2 my.cnf": WHOLE + "wsrep_cluster_name = b  <--\n"},
          {"my.cnf": WHOLE + "wsrep_cluster_name = a\n", "ctl2 my.cnf": WHOLE + "wsrep_cluster_name = a\n"}),
    Fault("GAL004",
          {"my.cnf": WHOLE, "haproxy": "listen db  <--\n bind :3306\n server a 10.1.0.1:3306\n server b "
                                       "10.1.0.2:3306\n server c 10.1.0.3:3306\n server d 10.1.0.4:3306\n"},
          {"my.cnf": WHOLE, "haproxy": "listen db\n bind :3306\n server a 10.1.0.1:3306\n"}),
    Fault("GAL005",
          {"my.cnf": "[mysqld]  <--\nwsrep_on = ON\nbinlog-format = MIXED  <--\ndefault_storage_engine = "
                     "MyISAM  <--\n"},
          {"my.cnf": WHOLE}),
    Fault("GAL006",
          {"my.cnf": provider("pc.ignore_sb = true; gcache.size=1G  <--")},
          {"my.cnf": provider("pc.ignore_sb = false; pc.recovery=yes")}),
    Fault("GAL006",
          {"my.cnf": provider("pc.recovery=no  <--")},
          {"my.cnf": provider("gcache.recover=no")}),
    Fault("GAL007",
          {"my.cnf": ON + "wsrep_sst_method = rsync  <--\nwsrep_sst_donor = a  <--\n"},
          {"my.cnf": ON + "wsrep_sst_method = mariabackup\nwsrep_sst_donor = a,\nwsrep_sst_auth = sst:x\n"}),
    Fault("GAL007",
          {"my.cnf": ON + "wsrep_sst_auth = root:x  <--\n"},
          {"my.cnf": ON}),
    Fault("GAL007",
          {"my.cnf": ON + "wsrep_sst_method = mariabackup\n",
           "ctl2 my.cnf": ON + "wsrep_sst_method = mysqldump  <--\n"},
          {"my.cnf": ON + "wsrep_sst_method = mariabackup\n",
           "ctl2 my.cnf": ON + "wsrep_sst_method = mariabackup\n"}),
    Fault("GAL009",
          {"my.cnf": provider("evs.suspect_timeout=PT30S;evs.inactive_timeout=PT15S  <--")},
          {"my.cnf": provider("evs.suspect_timeout=PT5S;evs.inactive_timeout=PT1M")}),
    Fault("GAL009",   # the defaults of the others do not fit
          {"my.cnf": provider("evs.suspect_timeout=PT2S  <--")},
          {"my.cnf": provider("evs.suspect_timeout=PT3S")}),
    Fault("GAL009",
          {"my.cnf": provider("evs.install_timeout=PT20S  <--")},   # what the manual's table asks for
          {"my.cnf": provider("evs.install_timeout=PT15S")}),
    Fault("GAL009",
          {"my.cnf": provider("evs.suspect_timeout=PT5S"),
           "ctl2 my.cnf": provider("evs.suspect_timeout=PT6S  <--")},
          {"my.cnf": provider("evs.suspect_timeout=PT5S"),
           "ctl2 my.cnf": provider("evs.suspect_timeout=PT5S")}),
    Fault("GAL011",
          {"my.cnf": ON + "wsrep_dirty_reads = ON  <--\nwsrep_causal_reads = OFF  <--\n"},
          {"my.cnf": ON + "wsrep_dirty_reads = OFF\nwsrep_sync_wait = 1\n"}),
    Fault("GAL015",
          {"my.cnf": "[mysqld]\nquery_cache_size = 0  <--\n"},
          {"my.cnf": "[mysqldump]\nquery_cache_size = 0\n"}),
    Fault("GAL015",
          {"mariadb.cnf": "[mysqld]\nquery_cache_type = 0  <--\n"},
          {"my.cnf": "[mysqld]\n", "mariadb.cnf": "[mysqld]\nquery_cache_type = 0\n"}),
    Fault("AUD004",
          {"my.cnf": "[mysqld]\n!includedir /etc/mysql/other.d/  <--\n!include /etc/mysql/one.cnf  <--\n"},
          {"my.cnf": "[mysqld]\n!includedir /etc/mysql/mariadb.conf.d\n", "galera.cnf": WHOLE}),
)
