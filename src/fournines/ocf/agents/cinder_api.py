"""ocf:openstack:cinder-api: OpenStack Block Storage."""

from __future__ import annotations

from fournines.ocf import identity
from fournines.ocf.api import PATIENCE, ApiAgent, address
from fournines.ocf.service import configuration, units


class CinderApi(ApiAgent):
    """Its errand is a list of one volume."""

    name = "cinder-api"
    short = "OpenStack Block Storage API (Cinder)"
    about = ("Runs the Block Storage API through its systemd unit. The monitor asks it for its versions and, "
             "with an account, for a list of volumes.")
    parameters = (configuration("/etc/cinder/cinder.conf"), units("cinder-api.service"),
                  address("Without it osapi_volume_listen and its _port of the configuration."),
                  *identity.PARAMETERS, PATIENCE)
    port = 8776
    bind = ("osapi_volume_listen", "osapi_volume_listen_port")
    errand = "/v3/{project}/volumes?limit=1"


AGENT = CinderApi()
