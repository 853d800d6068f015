"""What Pacemaker runs: resource agents for OpenStack's services, shipped to the nodes.

    /usr/lib/ocf/resource.d/openstack/NAME          launcher.sh, under the name of each agent
    /usr/lib/ocf/lib/openstack/meta-data/NAME.xml   what the agent says of itself, written when it is shipped
    /usr/lib/ocf/lib/openstack/fournines/ocf/       this package

They run with the node's own python3 and its standard library, are started for every look at a service, and
so import little: no dataclasses, no subprocess, no http.client. Nothing else of Fournines imports them but
for their meta-data, and they import nothing else of it.

Source: the Open Cluster Framework's resource agent API 1.1.
"""
