"""What services need is short, slow, wrong or gone: packets, processor, memory, disks, settings, time."""

from __future__ import annotations

from fournines.drills.drill import Drill, Target
from fournines.drills.faults import delay, fill, lose, misconfigure, no_memory, read_only, set_clock, starve
from fournines.layers.api.services.glance import UNIT as GLANCE
from fournines.layers.api.services.keystone import UNIT as KEYSTONE
from fournines.layers.database.artifacts import DATADIR, MARIADB_UNIT
from fournines.layers.messaging.artifacts import BROKER_UNIT
from fournines.layers.messaging.artifacts import DATADIR as BROKER_VOLUME

BROKER_DATA, GLANCE_DATA = "/var/lib/rabbitmq", "/var/lib/glance"
_WRONG_PASSWORD = "Environment=OS_DATABASE__CONNECTION=mysql+pymysql://keystone:wrong@{vip}/keystone"  # noqa: S105

DRILLS = (
    Drill("lose-packets-of-vip-holder",
          "every fifth packet between the machine that holds the service address and the others is lost",
          lose(Target.VIP_HOLDER, 20)),
    Drill("starve-database-writer", "the database that takes all writes gets a fiftieth of a processor",
          starve(Target.DATABASE_WRITER, MARIADB_UNIT, 2), layer="database"),
    Drill("no-memory-for-broker", "the broker that leads the publisher's queue may have 32 MB of memory",
          no_memory(Target.QUEUE_LEADER, BROKER_UNIT, 32), layer="messaging"),
    Drill("read-only-disk-of-database-writer",
          "the database that takes all writes is restarted on a file system that has become read-only",
          read_only(Target.DATABASE_WRITER, MARIADB_UNIT, DATADIR), layer="database"),
    Drill("read-only-disk-of-broker",
          "the broker that leads the publisher's queue is restarted on a file system that is read-only",
          read_only(Target.QUEUE_LEADER, BROKER_UNIT, BROKER_DATA), layer="messaging"),
    Drill("read-only-disk-of-glance", "one Glance is restarted and cannot write its images any more",
          read_only(Target.API, GLANCE, GLANCE_DATA), layer="images", service="glance"),
    Drill("wrong-password-of-keystone", "one Keystone is restarted with a wrong password for its database",
          misconfigure(Target.API, KEYSTONE, _WRONG_PASSWORD), layer="api"),
    Drill("delay-packets-of-vip-holder",
          "what the machine that holds the service address sends on management arrives 200 ms later",
          delay(Target.VIP_HOLDER, 200, "management")),
    Drill("full-disk-of-database-writer", "the disk of the database that takes all writes is full",
          fill(Target.DATABASE_WRITER, DATADIR), layer="database"),
    Drill("full-disk-of-broker", "the disk of the broker that leads the publisher's queue is full",
          fill(Target.QUEUE_LEADER, BROKER_VOLUME), layer="messaging"),
    Drill("clock-jumps-ahead", "the clock of a controller jumps two minutes ahead",
          set_clock(Target.ONE, 120)),
)
