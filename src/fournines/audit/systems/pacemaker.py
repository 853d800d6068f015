"""Pacemaker: the configuration of each cluster, whichever of its formats it was read from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from fournines.artifacts import crm
from fournines.artifacts.pacemaker import Configuration
from fournines.audit.cloud import Cloud, File
from fournines.audit.systems import cib as cib_xml
from fournines.audit.systems import crm as crm_text
from fournines.audit.systems.keepalived import vips
from fournines.audit.systems.resources import Cluster, Primitive


@lru_cache(maxsize=1)
def clusters(cloud: Cloud) -> tuple[Cluster, ...]:
    """Each configuration once: all nodes of a cluster have the same."""
    ours = {file.node for file in cloud.files if file.path.startswith("/etc/fournines/")}
    seen: list[Configuration | list[crm.Document]] = []
    found: list[Cluster] = []
    for file, configuration in cloud.documents(Configuration):
        if configuration not in seen and configuration != Configuration():
            seen.append(configuration)
            found.append(cib_xml.cluster(file, configuration, file.node in ours))
    told = {file.node for file, _ in cloud.documents(Configuration)}
    texts: dict[str, list[tuple[File, crm.Document]]] = {}
    for file, document in cloud.documents(crm.Document):
        if file.node not in told:   # a report has the same as XML and as text
            texts.setdefault(file.node, []).append((file, document))
    for node, files in texts.items():
        documents = [document for _, document in files]
        if documents not in seen:
            seen.append(documents)
            found.append(crm_text.cluster(node, files))
    return tuple(found)


@lru_cache(maxsize=1)
def addresses(cloud: Cloud) -> Mapping[str, tuple[Cluster, Primitive]]:
    """Every address that Pacemaker moves, with the resource that does."""
    found: dict[str, tuple[Cluster, Primitive]] = {}
    for cluster in clusters(cloud):
        for each in cluster.of_type("IPaddr2", "IPaddr"):
            ip = each.parameter("ip")
            if ip is not None:
                found.setdefault(ip.text, (cluster, each))
    return found


def runs_once(cloud: Cloud, *types: str) -> bool:
    """Whether Pacemaker runs an agent of these types on one node at a time, and so not as a clone."""
    return any(all(container.kind == "group" for container in cluster.around(each.id))
               for cluster in clusters(cloud) for each in cluster.of_type(*types))


@lru_cache(maxsize=1)
def moving(cloud: Cloud) -> frozenset[str]:
    """Every address that moves between nodes, whether Keepalived moves it or Pacemaker."""
    return vips(cloud) | addresses(cloud).keys()
