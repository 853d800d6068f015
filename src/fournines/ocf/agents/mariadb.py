"""ocf:openstack:mariadb: MariaDB, with its data where its node is the only one that has them."""

from __future__ import annotations

from fournines.ocf import sql
from fournines.ocf.agent import ERR_GENERIC, Failure, Parameter, note
from fournines.ocf.api import PATIENCE
from fournines.ocf.service import ServiceAgent, configuration, units
from fournines.ocf.unit import Process

QUESTION = "SELECT 1 FROM mysql.innodb_table_stats LIMIT 1"


class MariaDb(ServiceAgent):
    """Its question is read from a table of InnoDB's: what only greets may still hang on its disk."""

    name = "mariadb"
    short = "MariaDB database server"
    about = ("Runs MariaDB through its systemd unit. The monitor logs in over the UNIX socket and reads from "
             "an InnoDB table.")
    parameters = (configuration("/etc/mysql/my.cnf"), units("mariadb.service"),
                  Parameter("socket", "string", "/run/mysqld/mysqld.sock", "UNIX socket",
                            "Where MariaDB listens on this node; root has to be known there by its socket."),
                  PATIENCE)
    program = "mariadbd"

    def validate(self) -> None:
        self.seconds("answer_within")
        super().validate()

    def well(self, running: dict[str, list[Process]]) -> None:
        try:
            sql.ask(self.value("socket"), QUESTION, self.seconds("answer_within"))
        except sql.NoAnswer as problem:
            if problem.code == sql.TOO_MANY_CONNECTIONS:
                note(f"{problem}; it answers, and to move it would not help")
                return
            raise Failure(ERR_GENERIC, f"MariaDB {problem}") from None


AGENT = MariaDb()
