#!/usr/bin/python3 -IS
"""One of the ocf:openstack agents: the one that this file is named after."""

import os
import sys

sys.path.insert(0, os.path.join(os.environ.get("OCF_ROOT", "/usr/lib/ocf"), "lib", "openstack"))
name = os.path.basename(sys.argv[0]).replace("-", "_")
module = __import__(f"fournines.ocf.agents.{name}", fromlist=("AGENT",))
sys.exit(module.AGENT.main(sys.argv))
