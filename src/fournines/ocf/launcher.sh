#!/bin/sh
# One of the ocf:openstack agents: the one that this file is named after.
#
# Pacemaker asks an agent for its meta-data before each start, while clients wait: that is a file, and needs no Python.
library=${OCF_ROOT:-/usr/lib/ocf}/lib/openstack
agent=${0##*/}
[ "$*" = meta-data ] && exec /bin/cat "$library/meta-data/$agent.xml"
exec /usr/bin/python3 -IS "$library/fournines/ocf/launcher.py" "$agent" "$@"
