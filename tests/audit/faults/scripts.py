"""Scripts of administrators, and what they give to the database's client."""

from __future__ import annotations

from tests.audit.planting import Fault

MOUNT = "mount /dev/drbd/by-res/r /mnt{0}\ncp -a /x /mnt\n{1}umount /mnt\n"
COOKIE = "scp /var/lib/rabbitmq/.erlang.cookie n2:/var/lib/rabbitmq/.erlang.cookie{0}\n"


def script(rule: str, broken: str, right: str) -> Fault:
    return Fault(rule, {"script": broken}, {"script": right})


FAULTS = (
    script("SCR001", "rabbitmqctl cluster rabbit@a  <--\nscp -a x b:  <--\ncorosync-objctl  <--\n"
           "sudo service mysql start wsrep_cluster_address=gcomm://a  <--\n"
           "yum install -y rabbitmq-plugins  <--\niptables -I RH-Firewall-1-INPUT  <--\necho $a-id  <--\n",
           "rabbitmqctl cluster_status\nscp -p x b:\nservice mysql start\napt-get install rabbitmq-server\n"
           "iptables -I INPUT\necho ${a}-id # rabbitmqctl cluster\n"),
    script("SCR002", "wget http://h/agent\nchmod +x agnet  <--\n", "chmod +x b\nwget http://h/agent && chmod "
                                                                   "+x agent\n"),
    script("SCR003", "mv /a/* /b  <--\nrabbitmqctl reset  <--\n", "mv /a /b\nrabbitmqctl stop_app\n"),
    script("SCR004", "drbdadm secondary r\n" + MOUNT.format("  <--", ""),
           "drbdadm secondary r\ndrbdadm primary r\n" + MOUNT.format("", "")),
    script("SCR005", MOUNT.format("  <--", ""), MOUNT.format("", "chown mysql: /mnt\n")),
    script("SCR005", "mysql_install_db  <--\n" + COOKIE.format("  <--"),
           "mysql_install_db --user=mysql\n" + COOKIE.format("")
           + "ssh n2 chown rabbitmq /var/lib/rabbitmq/.erlang.cookie\nchown rabbitmq .erlang.cookie\n"),
    script("SCR006", "curl -O https://raw.github.com/a/b/master/c  <--\n",
           "curl -O https://raw.github.com/a/b/v1.0/c\n"),
    script("SEC005", "keystone endpoint-create --adminurl https://a --publicurl http://a:5000  <--\n",
           "openstack endpoint create nova public https://a\nopenstack endpoint create nova internal "
           "http://a\n"),
    Fault("SEC006", {"sql": "GRANT ALL ON *.* TO a@'%';  <--\nDELETE FROM mysql.user WHERE user='';  <--\n"},
          {"sql": "GRANT ALL ON nova.* TO a@'%';\n-- DELETE FROM mysql.user\nDROP USER ''@'localhost';\n"}),
    script("SEC006", "mysql -e \"DELETE FROM mysql.user\"  <--\n",
           "mysql --execute=\"DELETE FROM mysql.user; FLUSH PRIVILEGES\"\n"),
    Fault("SCR007", {"sql": "SET wsrep_on=OFF;  <--\n"}, {"sql": "SET wsrep_on=ON;\n"}),
    Fault("SCR008", {"sql": "SET GLOBAL wsrep_cluster_address='x';  <--\n"},
          {"sql": "SHOW STATUS LIKE 'wsrep%';\n"}),
    script("GAL012", "iptables -A INPUT -p tcp --dport 4567 -j ACCEPT  <--\n",
           "firewall-cmd --add-port=4567/tcp --add-port=4568/tcp --add-port=4444/tcp\n"),
    script("GAL016", "mysqld --wsrep_cluster_address=gcomm://a  <--\nmysqld "
                     "--wsrep-cluster-address='gcomm://'  <--\n",
           "mysqld --wsrep_cluster_address=gcomm://a,b,c\n"),
    script("RMQ002", "rabbitmqctl join_cluster rabbit@a  <--\n", "rabbitmqctl cluster_status\n"),
    script("RMQ004", "rabbitmqctl set_policy a b '{\"ha-mode\": \"all\"}'  <--\n",
           "rabbitmqctl set_policy a b '{\"max-length\": 1}'\n"),
    script("RMQ006", "rabbitmqctl join_cluster --ram rabbit@a  <--\nrabbitmqctl cluster rabbit@a  <--\n",
           "rabbitmqctl join_cluster rabbit@a\n"),
)
