"""What Pacemaker runs: resource agents for OpenStack's services, shipped to the nodes.

    /usr/lib/ocf/resource.d/openstack/NAME          launcher.py, under the name of each agent
    /usr/lib/ocf/lib/openstack/fournines/ocf/       this package

They run with the node's own python3 and its standard library, are started for every look at a service, and
so import little: no dataclasses, no subprocess, no http.client. Nothing else of Fournines imports them, and
they import nothing else of it.

Source: the Open Cluster Framework's resource agent API 1.1.
"""
