"""The settings of the network layer in the cluster file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from fournines.cluster.notation import Wrong


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """Neutron's network controller: the L2, L3, DHCP and metadata agents, on one node at a time.

    host: the name under which they report to Neutron, the same on whichever node they run.
    external_interface: the network card of every node that leads out of the cloud; without it there are
    networks inside only.
    """

    pattern: Literal["active-passive"] = "active-passive"
    host: str = "network-controller"
    external_interface: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", self.host):
            raise Wrong(f'has host "{self.host}"', "write a name such as network-controller")
        if self.external_interface and not re.fullmatch(r"[^\s/:]{1,15}", self.external_interface):
            raise Wrong(f'has external_interface "{self.external_interface}"',
                        "write the name of a network card, such as eth2")
