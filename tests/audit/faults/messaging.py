"""RabbitMQ."""

from __future__ import annotations

import json

from tests.audit.planting import Fault


def peers(*names: str) -> str:
    return "".join(f"cluster_formation.classic_config.nodes.{number} = rabbit@{name}\n"
                   for number, name in enumerate(names, 1))


def policies(pattern: str = ".*", **definition: str) -> str:
    policy = {"name": "ha", "vhost": "/", "pattern": pattern, "apply-to": "queues", "priority": 0,
              "definition": definition}
    return json.dumps({"policies": [policy]})


THREE = peers("ctl1", "ctl2", "ctl3")
FAULTS = (
    Fault("RMQ001", {"rabbitmq": peers("ctl1", "ctl2  <--")}, {"rabbitmq": THREE}),
    Fault("RMQ001",
          {"nova": "[DEFAULT]\ntransport_url = rabbit://u:p@a:5672,u:p@b:5672/  <--\n"},
          {"nova": "[DEFAULT]\ntransport_url = rabbit://u:p@a:5672,u:p@b:5672,u:p@c:5672/\n"}),
    Fault("RMQ002", {"rabbitmq": peers("ctl1  <--", "ctl2", "ctl3")},
          {"rabbitmq": THREE + "cluster_partition_handling = pause_minority\n"}),
    Fault("RMQ002", {"rabbitmq": "cluster_partition_handling = autoheal  <--\n"},
          {"rabbitmq": "heartbeat = 60\n"}),
    Fault("RMQ002", {"rabbitmq": "cluster_partition_handling = ignore  <--\n"},
          {"rabbitmq": "heartbeat = 60\n"}),
    Fault("RMQ002",
          {"advanced": "[{rabbit, [\n{cluster_nodes, {['rabbit@a', 'rabbit@b'], disc}},\n"
                       "{cluster_partition_handling,  <--\n pause_minority}]}]."},
          {"advanced": "[{rabbit, [{cluster_nodes, {['rabbit@a', 'rabbit@b', 'rabbit@c'], disc}},\n"
                       "{cluster_partition_handling, pause_minority}]}]."}),
    Fault("RMQ003", {"rabbitmq": "heartbeat = 60\n", "definitions": "<--\n" + policies(**{"ha-mode": "all"})},
          {"rabbitmq": "heartbeat = 60\n", "definitions": policies(**{"max-length": "all"})}),
    Fault("RMQ003",
          {"nova": "[oslo_messaging_rabbit]\nrabbit_ha_queues = true  <--\n"},
          {"nova": "[oslo_messaging_rabbit]\nrabbit_quorum_queue = true\n"}),
    Fault("RMQ004",
          {"rabbitmq": "heartbeat = 60\n", "definitions": "<--\n" + policies(**{"ha-mode": "exactly"})},
          {"rabbitmq": "heartbeat = 60\n",
           "definitions": policies("^(?!amq|reply).*",
                                   **{"ha-mode": "exactly", "ha-sync-mode": "automatic"})}),
    Fault("RMQ006", {"rabbitmq": "cluster_formation.node_type = ram  <--\n"},
          {"rabbitmq": "cluster_formation.node_type = disc\n"}),
    Fault("RMQ006", {"advanced": "[{rabbit, [\n{cluster_nodes, {['rabbit@a'], ram}}  <--\n]}]."},
          {"advanced": "[{rabbit, [{cluster_nodes, {['rabbit@a'], disc}}]}]."}),
    Fault("RMQ007", {"rabbitmq-env": "<--\nRABBITMQ_NODENAME=rabbit@localhost\n"},
          {"rabbitmq-env": "NODENAME=rabbit@ctl1\n"}),
    Fault("RMQ007", {"rabbitmq": peers("ctl1  <--", "ctl2.example.org", "ctl3")}, {"rabbitmq": THREE}),
    Fault("RMQ008",
          {"rabbitmq": "vm_memory_high_watermark.relative = 0.9  <--\ndisk_free_limit.absolute = 5MB  <--\n"},
          {"rabbitmq": "vm_memory_high_watermark.relative = 0.6\ndisk_free_limit.absolute = 2GB\n"}),
    Fault("RMQ008", {"rabbitmq": "<--\nheartbeat = 60\n"},
          {"rabbitmq": "disk_free_limit.relative = 1.0\n"}),
    Fault("RMQ010",
          {"rabbitmq": "heartbeat = 0  <--\nnet_ticktime = 60\n",
           "ctl2 rabbitmq": "net_ticktime = 30  <--\n"},
          {"rabbitmq": "heartbeat = 60\nnet_ticktime = 60\n", "ctl2 rabbitmq": "net_ticktime = 60\n"}),
    Fault("RMQ011",
          {"rabbitmq": "cluster_partition_handing = pause_minority  <--\nvm_memory_high_watermark = 0.4  "
                       "<--\n"},
          {"rabbitmq": "cluster_partition_handling = pause_minority\nprometheus.tcp.port = 1\n"
                       "listeners.tcp.1 = 2\n"}),
    Fault("RMQ012",
          {"rabbitmq": "loopback_users.guest = false  <--\ndefault_pass = guest  <--\n"},
          {"rabbitmq": "loopback_users.guest = true\n"}),
)
