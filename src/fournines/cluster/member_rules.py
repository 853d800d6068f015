"""What a cluster file must say so that Corosync can decide and Pacemaker can act: votes, fencing for all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fournines.cluster.document import Problem
from fournines.cluster.draft import Draft, called
from fournines.cluster.wording import proposal

_WATCHDOG = "fence_watchdog"   # sbd: the node's own, and no power switch
_ALWAYS = ("storage", "san")
_ACTIVE_PASSIVE = (*_ALWAYS, "database", "messaging", "api", "network")


def membership(draft: Draft) -> Iterator[Problem]:
    """What runs on one node at a time is run by Pacemaker, and Pacemaker is nothing without members."""
    if "membership" in draft.layers:
        controllers = sum(not node.arbitrator for node in draft.nodes)
        if draft.nodes_written == len(draft.nodes) and controllers < 2:
            yield Problem(("layers", "membership"), "layer membership has nobody to take over: there is "
                          f"{'one node' if controllers else 'no node'} that runs services",
                          "write at least two nodes without arbitrator: true", at_key=True)
        yield from _votes(draft, controllers)
        yield from _fencing(draft)
        return
    for layer in _ACTIVE_PASSIVE:
        needs_it = layer in _ALWAYS or getattr(draft.layers.get(layer), "pattern", "") == "active-passive"
        if layer in draft.layers and needs_it:
            yield Problem(("layers", layer), f"layer {layer} is run by Pacemaker, and there is no layer "
                          "membership", "write membership: {fencing: [...]} under layers", at_key=True)


def _votes(draft: Draft, controllers: int) -> Iterator[Problem]:
    """An odd number of votes: of the members alone, or with the one vote of an arbitrator. Two members alone
    are the exception: fencing decides between them."""
    elsewhere = getattr(draft.layers["membership"], "arbitrator", "")
    nodes = [node for node in draft.nodes if node.arbitrator]
    for node in nodes[0 if elsewhere else 1:]:
        yield Problem((*node.path, "arbitrator"), f"{called(node)} is a second arbitrator beside "
                      f"{elsewhere or called(nodes[0])}, and Corosync asks one", "leave one of them out")
    for node in draft.nodes:
        if elsewhere and elsewhere in (node.name, *map(str, node.addresses.values())):
            yield Problem(("layers", "membership", "arbitrator"), f"the arbitrator {elsewhere} is "
                          f"{called(node)}, which is a part of the cluster",
                          "write the address of another machine, or a node with arbitrator: true")
    if draft.nodes_written != len(draft.nodes) or controllers < 2:
        return
    if not nodes and not elsewhere:
        if controllers > 2 and controllers % 2 == 0:
            yield Problem(("nodes",), f"{controllers} nodes that run services can split into halves, and "
                          "without a majority layer membership cannot go on",
                          f"write {controllers - 1} or {controllers + 1} of them, or add an arbitrator: a "
                          "node with arbitrator: true")
    elif controllers % 2:
        path = ("layers", "membership", "arbitrator") if elsewhere else (*nodes[0].path, "arbitrator")
        yield Problem(path, f"with an arbitrator beside {controllers} nodes that run services the votes are "
                      "even, and halves have no majority",
                      f"leave it out, or write {controllers - 1} or {controllers + 1} nodes besides it")


def _fencing(draft: Draft) -> Iterator[Problem]:
    """Every node can be powered off by a device."""
    settings = draft.layers["membership"]
    devices = getattr(settings, "fencing", ())
    if settings is None or isinstance(devices, str):
        return
    if not devices:
        yield Problem(("layers", "membership"), "layer membership has no fencing: nobody could make sure "
                      "that a lost node is off, so nothing of it might be started elsewhere",
                      "write fencing: with a device for each node, such as [{agent: fence_redfish, nodes: "
                      "{NAME: {ip: ADDRESS}}, secrets: {password: bmc}}]; in a lab, fencing: lab",
                      at_key=True)
        return
    names = [node.name for node in draft.nodes if node.name and not node.arbitrator]
    for index, device in enumerate(devices):
        for name in device.nodes:
            if name not in names:
                yield Problem(("layers", "membership", "fencing", index, "nodes", name),
                              f"a fencing device is for {name}, and there is no such node",
                              proposal(name, names), at_key=True)
    switches = [device for device in devices if device.agent != _WATCHDOG]
    yield from _watchdog(draft, devices, names)
    for name in names:
        if not any(name in device.nodes or not device.nodes for device in switches):
            yield Problem(("layers", "membership", "fencing"), f"no fencing device is for node {name}",
                          f"write {name}: {{...}} under nodes of one, or add a device")


def _watchdog(draft: Draft, devices: Any, names: list[str]) -> Iterator[Problem]:
    """A member resets itself when it has lost quorum: there has to be a true one, and it takes its time."""
    for index, watchdog in enumerate(devices):
        path = ("layers", "membership", "fencing", index)
        if watchdog.agent != _WATCHDOG:
            continue
        arbitrated = getattr(draft.layers["membership"], "arbitrator", "") or len(names) < len(draft.nodes)
        if len(names) == 2 and not arbitrated:
            yield Problem(path, "of two nodes that lose each other both keep quorum, and the watchdog of "
                          "neither resets it", "add an arbitrator: a third node with arbitrator: true")
        for name in names:
            switches = [device.level for device in devices if device.agent != _WATCHDOG
                        and (name in device.nodes or not device.nodes)]
            if switches and watchdog.level <= max(switches):
                yield Problem(path, f"the watchdog is of level {watchdog.level}, and {name} has a power "
                              f"switch of level {max(switches)}, which is faster and says what it did",
                              f"write level: {max(switches) + 1}")
