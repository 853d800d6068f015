"""Runs the agent whose name is its first argument; launcher.sh calls it."""

import os
import sys

sys.path.insert(0, os.path.join(os.environ.get("OCF_ROOT", "/usr/lib/ocf"), "lib", "openstack"))
name = sys.argv[1].replace("-", "_")
module = __import__(f"fournines.ocf.agents.{name}", fromlist=("AGENT",))
sys.exit(module.AGENT.main(sys.argv[1:]))
