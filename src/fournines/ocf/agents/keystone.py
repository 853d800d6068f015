"""ocf:openstack:keystone: OpenStack Identity."""

from __future__ import annotations

from fournines.ocf import identity
from fournines.ocf.agent import note
from fournines.ocf.api import OWN_FAILURE, PATIENCE, ApiAgent, address
from fournines.ocf.identity import Refused
from fournines.ocf.service import configuration, units
from fournines.ocf.web import NoAnswer


class Keystone(ApiAgent):
    """Its errand is the token itself."""

    name = "keystone"
    short = "OpenStack Identity (Keystone)"
    about = ("Runs Keystone through its systemd unit. The monitor asks it for its version document and, with "
             "an account, for a token.")
    parameters = (configuration("/etc/keystone/keystone.conf"), units("keystone.service"),
                  address("Without it the place in os_auth_url, or else port 5000 of the node."),
                  *identity.PARAMETERS, PATIENCE)
    port = 5000
    versions = "/v3"
    mark = b'"version"'

    @property
    def url(self) -> str:
        return self.value("url").rstrip("/") or identity.keystone(self) or f"http://127.0.0.1:{self.port}"

    def deeper(self) -> None:
        try:
            identity.issue(self, self.seconds("answer_within"))
        except NoAnswer as problem:
            self.blame(str(problem))
        except Refused as problem:
            if problem.status >= OWN_FAILURE:
                self.blame(str(problem))
            else:
                note(f"{problem}: are user, project and password right?")


AGENT = Keystone()
