"""The shape of a cluster file: pydantic models for the boundary, and the JSON Schema that editors read.

The settings of layers are the layers' own frozen dataclasses; everything else in the file is described here.
What two or more values must be to each other is in ``rules.py``.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
    create_model,
    model_validator,
)
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import DictSchema

from fournines.cluster import notation

DIALECT = "https://json-schema.org/draft/2020-12/schema"
USUAL_DOMAINS = ("rack", "power", "switch")
_AN_ADDRESS: dict[str, Any] = {"type": "string", "pattern": notation.ADDRESS_PATTERN,
                               "description": "The node's address in the network of that name."}


def _written(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern})


Address = Annotated[IPv4Address, PlainValidator(notation.parse_address), _written(notation.ADDRESS_PATTERN)]
Cidr = Annotated[IPv4Network, PlainValidator(notation.parse_network), _written(notation.NETWORK_PATTERN)]
Label = Annotated[str, PlainValidator(notation.parse_label), _written(notation.LABEL_PATTERN)]
HostLabel = Annotated[str, PlainValidator(notation.parse_host_label), _written(notation.LABEL_PATTERN)]
DomainValue = Annotated[str, PlainValidator(notation.parse_domain_value),
                        _written(notation.DOMAIN_VALUE_PATTERN)]
RecoveryTarget = Annotated[float, PlainValidator(notation.parse_recovery_target),
                           _written(notation.DURATION_PATTERN)]
LoginHost = Annotated[str, PlainValidator(notation.parse_login_host), _written(notation.HOST_PATTERN)]
LoginUser = Annotated[str, PlainValidator(notation.parse_login_user), _written(notation.USER_PATTERN)]
Override = Annotated[str, PlainValidator(notation.parse_override),
                     WithJsonSchema({"type": ["string", "integer"], "pattern": notation.OVERRIDE_PATTERN})]


RuleId = Annotated[str, PlainValidator(notation.parse_rule_id), _written(notation.RULE_PATTERN)]
Reason = Annotated[str, PlainValidator(notation.parse_reason), _written(notation.REASON_PATTERN)]


class Section(BaseModel):
    """A group of settings: frozen, and every setting must be one we know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RecoverySection(Section):
    """The promise; every timer of the cluster is derived from it."""

    recover_within: RecoveryTarget = Field(
        description="The longest gap that a client may see after any single failure. 1s to 10m.",
        examples=["5s", "20s", "1m"])
    lose_acknowledged_writes: Literal["never"] = Field(
        default="never", description="Writes that were acknowledged survive any single failure.")


class NetworkSection(Section):
    """A layer-2 segment that connects the nodes."""

    cidr: Cidr = Field(description="Its addresses.", examples=["192.168.42.0/24"])
    switch: DomainValue | None = Field(
        default=None, description="The switch it hangs on: its failure domain. "
                                  "sw-a+sw-b: either of two suffices.", examples=["sw-a"])
    gateway: Address | None = Field(
        default=None, description="A router of the network management that answers pings: whom two members "
                                  "without an arbitrator ask whose cable is lost.",
        examples=["192.168.42.1"])


class ReachSection(Section):
    """How to log in to the node over SSH; what is left out is taken from the OpenSSH configuration."""

    host: LoginHost | None = Field(
        default=None, description="Host name or address.", examples=["ctl1.example.org"])
    user: LoginUser | None = Field(default=None, description="User to log in as.", examples=["root"])
    port: Annotated[int, Field(ge=1, le=65535)] | None = Field(
        default=None, description="TCP port.", examples=[22])


class NodeSection(Section):
    """One machine. Apart from the settings named here it has one address for each network, under its name."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"additionalProperties": _AN_ADDRESS})

    name: HostLabel = Field(description="Its host name, without a domain.", examples=["ctl1"])
    rack: DomainValue | None = Field(default=None, description="The rack it stands in.", examples=["r1"])
    power: DomainValue | None = Field(default=None, description="Its power feed.", examples=["pdu-a"])
    switch: DomainValue | None = Field(default=None, description="The switch it hangs on.", examples=["sw-a"])
    domains: dict[Label, DomainValue] = Field(
        default={}, description="What else it shares with others and fails with.", examples=[{"room": "b1"}])
    arbitrator: bool = Field(
        default=False, description="No service runs there and no data is kept. With layer membership it "
                                   "gives its vote to one side when the members lose each other; in Galera "
                                   "and RabbitMQ it has none.")
    reach: ReachSection | None = None


class DrillsSection(Section):
    """What drills may do to real machines. Without it, nothing; in a lab everything is allowed."""

    allow: tuple[Literal["processes", "packets", "delays", "settings", "limits", "disks", "clock", "cluster",
                         "routes"], ...] = Field(
        description="Kinds of faults: signals and orders to units; rules in the packet filter; delayed "
                    "packets; drop-ins that restart units; less processor or memory for a unit; full disks "
                    "that hold data only; wrong clocks; what an operator may tell Pacemaker, DRBD; routes.",
        examples=[["processes", "packets"]])


class AuditSection(Section):
    """What an audit of this cluster may find, and fails nothing."""

    accept: dict[RuleId, Reason] = Field(
        description="Rules by id, each with the reason why what it finds is taken as it is.",
        examples=[{"GLA001": "every node mounts the images from CephFS"}])


class Layers(Section):
    """What the cluster is made of. A layer that is not named is not built; {} takes its defaults."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise notation.Wrong("names nothing to build", "write a layer under it, such as host: {}")
        return self


class ClusterFile(Section):
    """One file says what the cluster is and how fast it must recover."""

    cluster: Label = Field(description="The name of the cluster.", examples=["demo"])
    release: Literal["zed"] = Field(description="The OpenStack release.")
    distro: Literal["debian12"] = Field(default="debian12", description="What runs on the nodes.")
    recovery: RecoverySection
    networks: Annotated[dict[Label, NetworkSection], Field(min_length=1)] = Field(
        description="The networks by name. One is named management: services and clients use it. Traffic "
                    "between members uses replication where there is one.",
        examples=[{"management": {"cidr": "192.168.42.0/24", "switch": "sw-a"}}],
        json_schema_extra={"required": ["management"]})
    vips: dict[Label, Address] | None = Field(
        default=None,
        description="Addresses that move between nodes, by name. Clients inside the cloud use internal.",
        examples=[{"internal": "192.168.42.101"}])
    nodes: Annotated[tuple[NodeSection, ...], Field(min_length=1)] = Field(
        description="The machines.",
        examples=[[{"name": "ctl1", "management": "192.168.42.11", "rack": "r1", "power": "pdu-a"}]])
    layers: Layers
    overrides: dict[str, Override] | None = Field(
        default=None, description="Timers that you insist on, by name (see: fournines render --explain).",
        examples=[{"vrrp.advert_int": "500ms"}])
    drills: DrillsSection | None = None
    audit: AuditSection | None = None


class _Generator(GenerateJsonSchema):
    """Without a title for every field, which editors would show instead of the description; and where names
    have a pattern, without names that do not match it."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:
        return value   # examples keep the order that people write

    def dict_schema(self, schema: DictSchema) -> JsonSchemaValue:
        described = super().dict_schema(schema)
        return {**described, "additionalProperties": False} if "patternProperties" in described else described


def layers_model(specs: Mapping[str, type]) -> type[Layers]:
    """The model of ``layers`` for these layers: each its own settings, or nothing for the defaults."""
    settings: dict[str, Any] = {
        name: (spec | None, Field(default=None, description=_summary(spec)))
        for name, spec in specs.items()}
    return create_model("Layers", __base__=Layers, __doc__=Layers.__doc__, **settings)


def file_model(specs: Mapping[str, type]) -> type[ClusterFile]:
    """The model of a whole file for these layers."""
    layers = (layers_model(specs), Field(description="What the cluster is made of.",
                                         examples=[{name: {} for name in list(specs)[:1]}]))
    return create_model("ClusterFile", __base__=ClusterFile, __doc__=ClusterFile.__doc__, layers=layers)


def schema(specs: Mapping[str, type]) -> dict[str, object]:
    """The JSON Schema (2020-12) of a cluster file. ``specs``: layer name to the dataclass of its settings."""
    described = file_model(specs).model_json_schema(schema_generator=_Generator)
    return {"$schema": DIALECT, **described, "title": "Fournines cluster file"}


def _summary(spec: type) -> str | None:
    """The first paragraph of the spec's docstring; the one that ``dataclass`` makes up says nothing."""
    text = inspect.getdoc(spec) or ""
    if text.startswith(f"{spec.__name__}(") or not text:
        return None
    return " ".join(text.split("\n\n")[0].split())
