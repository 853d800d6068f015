"""The account with which a monitor looks deeper: parameters, the file with its password, and its token."""

from __future__ import annotations

import os
import stat

from fournines.ocf import web
from fournines.ocf.agent import ERR_CONFIGURED, ERR_INSTALLED, ERR_PERM, Agent, Failure, Parameter
from fournines.ocf.web import Answer, NoAnswer

PARAMETERS = (
    Parameter("os_username", "string", "", "User for a deeper look",
              "With it the monitor does what a client does, on behalf of this user; it needs "
              "os_password_file, os_tenant_name and an address of Keystone too."),
    Parameter("os_password_file", "string", "", "File with the user's password",
              "A file on each node that only root can read (mode 0600) with the password on one line."),
    Parameter("os_password", "string", "", "Not accepted: use os_password_file",
              "Refused. Whoever can read the cluster's configuration would read the password; write it into "
              "a file of mode 0600 on each node and name that in os_password_file."),
    Parameter("os_tenant_name", "string", "", "The user's project", "What is called a project today."),
    Parameter("os_auth_url", "string", "", "Address of Keystone",
              "Such as http://192.168.42.103:5000. A version at its end is taken off: only v3 is left."),
    Parameter("keystone_get_token_url", "string", "", "Address of Keystone, as it was once written",
              "Taken for os_auth_url where that is not given; /v2.0/tokens at its end is taken off."),
    Parameter("os_domain_name", "string", "Default", "Domain of the user and of the project",
              "The domain, by its name."),
)


class Token:
    """What Keystone issued: ``secret`` and the id of the project it is for."""

    __slots__ = ("project", "secret")

    def __init__(self, secret: str, project: str) -> None:
        self.secret, self.project = secret, project


def wanted(agent: Agent) -> bool:
    """Whether an account was given."""
    return bool(agent.value("os_username"))


def keystone(agent: Agent) -> str:
    """Keystone's address without a version, "" where none was given."""
    url = agent.value("os_auth_url") or agent.value("keystone_get_token_url")
    for ending in ("/", "/tokens", "/auth", "/v2.0", "/v3", "/"):
        url = url.removesuffix(ending)
    return url


def validate(agent: Agent) -> None:
    """``Failure`` unless the account is complete, or there is none."""
    if agent.value("os_password"):
        raise Failure(ERR_CONFIGURED, "os_password is not accepted, for the cluster's configuration is no "
                                      "place for a secret: write it into a file (mode 0600, root) on each "
                                      "node, name that in os_password_file, and change the password")
    if not wanted(agent):
        return
    missing = [name for name in ("os_password_file", "os_tenant_name") if not agent.value(name)]
    if not keystone(agent):
        missing.append("os_auth_url")
    if missing:
        raise Failure(ERR_CONFIGURED, f"os_username is given, but not {', '.join(missing)}")
    try:
        web.split(keystone(agent))
    except ValueError as problem:
        raise Failure(ERR_CONFIGURED, f"os_auth_url: {problem}") from None
    password(agent)


def password(agent: Agent) -> str:
    """The password; ``Failure`` where others than root could read it."""
    path = agent.value("os_password_file")
    try:
        with open(path, encoding="utf-8") as file:
            about = os.fstat(file.fileno())
            if about.st_mode & (stat.S_IRWXG | stat.S_IRWXO) or about.st_uid not in (0, os.geteuid()):
                raise Failure(ERR_PERM, f"others than root may read {path}: chown root, chmod 0600")
            return file.readline().rstrip("\r\n")
    except OSError as problem:
        raise Failure(ERR_INSTALLED, f"cannot read {path}: {problem.strerror}") from None


def issue(agent: Agent, within_s: float) -> Token:
    """A token on the project. ``Refused`` with the status where Keystone has none for us; ``NoAnswer``."""
    import json  # only who looks deeper needs it

    domain = {"name": agent.value("os_domain_name")}
    user = {"name": agent.value("os_username"), "domain": domain, "password": password(agent)}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}},
                     "scope": {"project": {"name": agent.value("os_tenant_name"), "domain": domain}}}}
    answer = web.ask(f"{keystone(agent)}/v3/auth/tokens", within_s, method="POST",
                     headers={"Content-Type": "application/json"}, body=json.dumps(body).encode())
    if answer.status != 201:
        raise Refused(answer)
    try:
        return Token(answer.headers["x-subject-token"], json.loads(answer.body)["token"]["project"]["id"])
    except (KeyError, TypeError, ValueError):
        raise NoAnswer("what Keystone issued is not a token") from None


class Refused(Exception):
    """Keystone answered, but issued nothing."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"Keystone answered {answer.status} to a request for a token")
        self.status = answer.status
