"""ocf:openstack:glance-api: OpenStack Image."""

from __future__ import annotations

from fournines.ocf import identity
from fournines.ocf.api import PATIENCE, ApiAgent, address
from fournines.ocf.service import configuration, units


class GlanceApi(ApiAgent):
    """Its errand is a list of one image."""

    name = "glance-api"
    short = "OpenStack Image API (Glance)"
    about = ("Runs the Image API through its systemd unit. The monitor asks it for its versions and, with an "
             "account, for a list of images.")
    parameters = (configuration("/etc/glance/glance-api.conf"), units("glance-api.service"),
                  address("Without it bind_host and bind_port of the configuration."),
                  *identity.PARAMETERS, PATIENCE)
    port = 9292
    bind = ("bind_host", "bind_port")
    errand = "/v2/images?limit=1"


AGENT = GlanceApi()
