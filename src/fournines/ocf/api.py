"""ApiAgent: a service that answers over HTTP.

Its monitor asks for what the service says of its versions, which any of its processes can tell without
database, cache or Keystone. With an account it also does one errand of a client; that fails for many reasons
that are not this service's, so it counts only while what the service depends on answers.
"""

from __future__ import annotations

from fournines.ocf import dependencies, identity, web
from fournines.ocf.agent import ERR_CONFIGURED, ERR_GENERIC, Failure, Parameter, depth, note
from fournines.ocf.identity import Refused, Token
from fournines.ocf.service import ServiceAgent
from fournines.ocf.settings_file import option
from fournines.ocf.unit import Process
from fournines.ocf.web import Answer, NoAnswer

ANYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - read from a configuration, not bound to
HERE = "127.0.0.1"
OWN_FAILURE = 500   # from here on an answer blames the service itself
MISSING = 404


def address(about: str) -> Parameter:
    """The parameter ``url``."""
    return Parameter("url", "string", "", "Where the service listens",
                     f"Such as http://192.168.42.103:5000; without a path. {about}")


PATIENCE = Parameter("answer_within", "integer", "10", "Seconds for an answer",
                     "How long each question may take. Below the timeout of the monitor operation, so that "
                     "the agent can say what did not answer.")


class ApiAgent(ServiceAgent):
    """``port`` is the service's own; ``versions`` the path of its version document, which has ``mark``;
    ``bind`` names the options for address and port in ``[DEFAULT]`` of its configuration, "" where it has
    none; ``errand`` is a path that a client may read, in which ``{project}`` is its project."""

    port = 0
    versions = "/"
    mark = b'"versions"'
    bind = ("", "")
    errand = ""

    @property
    def url(self) -> str:
        """Where the service listens: as the parameter says, or else its configuration."""
        if url := self.value("url").rstrip("/"):
            return url
        host, port = (option(self.value("config"), "DEFAULT", name) if name else "" for name in self.bind)
        return f"http://{HERE if host in ANYWHERE else host}:{port or self.port}"

    def validate(self) -> None:
        try:
            web.split(self.url)
        except ValueError as problem:
            raise Failure(ERR_CONFIGURED, f"url: {problem}") from None
        self.seconds("answer_within")
        identity.validate(self)
        super().validate()

    def well(self, running: dict[str, list[Process]]) -> None:
        self._versions()
        if identity.wanted(self) and depth() > 0:
            self.deeper()

    def _versions(self) -> None:
        try:
            answer = web.ask(f"{self.url}{self.versions}", self.seconds("answer_within"))
        except NoAnswer as problem:
            raise Failure(ERR_GENERIC, str(problem)) from None
        if answer.status not in (200, 300) or self.mark not in answer.body:
            raise Failure(ERR_GENERIC, f"GET {self.url}{self.versions}: answered {answer.status}, and not "
                                       f"with the versions of {self.name}")

    def deeper(self) -> None:
        """The errand of a client; ``Failure`` where its failing is this service's fault."""
        try:
            token = identity.issue(self, self.seconds("answer_within"))
        except (NoAnswer, Refused) as problem:
            note(f"no token for a deeper look, which does not count against {self.name}: {problem}")
            return
        try:
            answer = self._errand(token)
        except NoAnswer as problem:
            return self.blame(str(problem))
        if answer.status >= OWN_FAILURE or answer.status == MISSING:
            self.blame(f"GET {self.url}{self.errand}: answered {answer.status}")
        elif answer.status != 200:
            note(f"GET {self.url}{self.errand}: answered {answer.status}; may {self.value('os_username')} "
                 "read it?")

    def _errand(self, token: Token) -> Answer:
        return web.ask(f"{self.url}{self.errand.format(project=token.project)}",
                       self.seconds("answer_within"), headers={"X-Auth-Token": token.secret})

    def blame(self, reason: str) -> None:
        """``Failure`` with that reason, unless the database is to blame."""
        if not dependencies.database_answers(self.value("config")):
            note(f"{reason}; but its database does not answer, so it does not count against {self.name}")
            return
        raise Failure(ERR_GENERIC, reason)
