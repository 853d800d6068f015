"""What a BMC that speaks Redfish answers, as values: the part of DSP0266 and of the ComputerSystem schema
that fence agents use. One service for all machines of a lab; each is a member of ``/redfish/v1/Systems``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

ROOT = "/redfish/v1"
SYSTEMS = f"{ROOT}/Systems"
RESET = "Actions/ComputerSystem.Reset"


class ResetType(StrEnum):
    """What may be asked of a machine's power; the names are the schema's."""

    ON = "On"
    FORCE_OFF = "ForceOff"
    GRACEFUL_SHUTDOWN = "GracefulShutdown"
    FORCE_RESTART = "ForceRestart"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status of HTTP and the body; None: none."""

    status: int
    data: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Reset:
    """What has to be done before ``DONE`` can be answered."""

    node: str
    kind: ResetType


DONE = Answer(204)


def system_uri(node: str) -> str:
    """Where a machine is: what ``fence_redfish`` calls ``systems_uri``."""
    return f"{SYSTEMS}/{node}"


def is_open(method: str, path: str) -> bool:
    """Whether one may ask without a password: only what says that there is a Redfish service."""
    return method == "GET" and path.rstrip("/") in ("/redfish", ROOT)


def answer(method: str, path: str, body: bytes, power: Mapping[str, str]) -> Answer | Reset:
    """``power`` maps each machine to ``on``, ``off``, ``frozen`` or ``starting``; to a BMC, one that hangs is
    on, and so is one whose firmware runs."""
    path = path.rstrip("/")
    node, _, action = path.removeprefix(f"{SYSTEMS}/").partition("/")
    is_system = path.startswith(f"{SYSTEMS}/") and node in power
    if is_system and action == RESET:
        return _reset(node, body) if method == "POST" else problem(405, "an action is for POST")
    documents: dict[str, dict[str, object]] = {
        "/redfish": {"v1": f"{ROOT}/"}, ROOT: _root(), SYSTEMS: _collection(power)}
    if is_system:
        documents[system_uri(node)] = _system(node, power[node])
    if path not in documents:
        return problem(404, f"there is no {path}")
    if method != "GET":
        return problem(405, "this is for GET")
    return Answer(200, documents[path])


def problem(status: int, message: str) -> Answer:
    """An error, in the form that the specification gives it."""
    return Answer(status, {"error": {"code": "Base.1.0.GeneralError", "message": message}})


def _reset(node: str, body: bytes) -> Answer | Reset:
    try:
        return Reset(node, ResetType(json.loads(body)["ResetType"]))
    except (ValueError, KeyError, TypeError):
        return problem(400, f"ResetType must be one of {', '.join(ResetType)}")


def _root() -> dict[str, object]:
    return {"@odata.id": f"{ROOT}/", "@odata.type": "#ServiceRoot.v1_5_0.ServiceRoot", "Id": "RootService",
            "Name": "Fournines lab", "RedfishVersion": "1.6.0", "Systems": {"@odata.id": SYSTEMS}}


def _collection(power: Mapping[str, str]) -> dict[str, object]:
    return {"@odata.id": SYSTEMS, "@odata.type": "#ComputerSystemCollection.ComputerSystemCollection",
            "Name": "Machines of the lab", "Members@odata.count": len(power),
            "Members": [{"@odata.id": system_uri(node)} for node in power]}


def _system(node: str, power: str) -> dict[str, object]:
    uri = system_uri(node)
    reset = {"target": f"{uri}/{RESET}", "ResetType@Redfish.AllowableValues": list(ResetType)}
    return {"@odata.id": uri, "@odata.type": "#ComputerSystem.v1_10_0.ComputerSystem", "Id": node,
            "Name": node, "HostName": node, "PowerState": "Off" if power == "off" else "On",
            "Actions": {"#ComputerSystem.Reset": reset}}
