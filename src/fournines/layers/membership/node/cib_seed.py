#!/usr/bin/python3
"""Tells a Pacemaker that never ran how long it waits for others before it elects its controller.

Usage: cib_seed.py 5s. What it finds when it first starts is a configuration with that and nothing else; it
would wait for 20 s. Where there is a configuration, nothing is done. Pacemaker's own tools write it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

CIB, OWNER, GROUP = Path("/var/lib/pacemaker/cib/cib.xml"), "hacluster", "haclient"


def main() -> int:
    if CIB.exists():
        return 0
    empty = subprocess.run(["cibadmin", "--empty"], capture_output=True, text=True, check=True).stdout
    made = CIB.with_name(".cib.seed")
    made.write_text(empty)
    made.chmod(0o600)
    shutil.chown(made, OWNER, GROUP)
    made.rename(CIB)
    return subprocess.run(["crm_attribute", "--type", "crm_config", "--name", "dc-deadtime",
                           "--update", sys.argv[1]], env={**os.environ, "CIB_file": str(CIB)}).returncode


if __name__ == "__main__":
    sys.exit(main())
