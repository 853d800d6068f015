"""Debian 12 (bookworm), which ships OpenStack Zed."""

from __future__ import annotations

from fournines.distros.distro import Distro

DEBIAN12 = Distro(
    name="debian12",
    codename="bookworm",
    base=(
        "ca-certificates", "curl", "dbus", "ifupdown", "iproute2", "iputils-ping", "kmod", "less",
        "libpam-systemd", "nftables", "openssh-server", "procps", "psmisc", "python3", "socat",
        "systemd-sysv", "udev",
    ),
    layers={
        "host": ("chrony",),
        "membership": ("corosync", "corosync-qdevice", "corosync-qnetd", "crmsh", "fence-agents", "fping",
                       "libnss3-tools", "libxml2-utils", "openssl", "pacemaker", "pacemaker-cli-utils",
                       "resource-agents", "sbd"),
        "storage": ("drbd-utils", "xfsprogs"),
        "san": ("xfsprogs",),
        "database": ("galera-4", "mariadb-backup", "mariadb-client", "mariadb-server", "rsync", "socat"),
        "messaging": ("erlang-base", "rabbitmq-server"),
        "cache": ("memcached",),
        "images": ("glusterfs-client", "glusterfs-server"),
        "loadbalancer": ("haproxy", "keepalived"),
        # The APIs talk to the database through python3-pymysql and to memcached through python3-memcache.
        "api": ("ceilometer-agent-central", "cinder-api", "glance-api", "keystone", "neutron-api",
                "neutron-rpc-server", "python3-memcache", "python3-pymysql", "uwsgi-plugin-python3"),
        "network": ("neutron-dhcp-agent", "neutron-l3-agent", "neutron-linuxbridge-agent",
                    "neutron-metadata-agent"),
    },
    unwanted=(
        "apt-daily-upgrade.timer", "apt-daily.timer", "console-getty.service", "dpkg-db-backup.timer",
        "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer", "iscsid.socket", "man-db.timer",
        "open-iscsi.service", "systemd-pstore.service",
    ),
)
