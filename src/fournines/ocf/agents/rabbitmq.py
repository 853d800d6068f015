"""ocf:openstack:rabbitmq: RabbitMQ, with its messages where its node is the only one that has them."""

from __future__ import annotations

from fournines.ocf import dependencies
from fournines.ocf.agent import ERR_CONFIGURED, ERR_GENERIC, Failure, Parameter
from fournines.ocf.api import PATIENCE
from fournines.ocf.service import ServiceAgent, configuration, units
from fournines.ocf.unit import Process


class RabbitMq(ServiceAgent):
    """Its question is the beginning of AMQP, which the broker answers in milliseconds; rabbitmqctl would
    start a second Erlang for seconds."""

    name = "rabbitmq"
    short = "RabbitMQ message broker"
    about = ("Runs RabbitMQ through its systemd unit. The monitor opens a connection and expects the "
             "broker's first words of AMQP.")
    parameters = (configuration("/etc/rabbitmq/rabbitmq.conf"), units("rabbitmq-server.service"),
                  Parameter("address", "string", "127.0.0.1", "Where the broker listens", "Its address."),
                  Parameter("port", "integer", str(dependencies.BROKER_PORT), "Its TCP port", "Of AMQP."),
                  PATIENCE)
    program = "beam.smp"

    def validate(self) -> None:
        if not self.value("port").isdigit():
            raise Failure(ERR_CONFIGURED, f"port is no number: {self.value('port')}")
        self.seconds("answer_within")
        super().validate()

    def well(self, running: dict[str, list[Process]]) -> None:
        place = (self.value("address"), int(self.value("port")))
        within_s = self.seconds("answer_within")
        if not dependencies.broker_answers([place], within_s):
            raise Failure(ERR_GENERIC, f"no answer in AMQP from {place[0]}:{place[1]} within {within_s:g} s")


AGENT = RabbitMq()
