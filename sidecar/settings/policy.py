"""Policies, with the field names of Istio's AuthorizationPolicy."""

from functools import partial
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from sidecar.core.policy.key import check_port, check_values, parse_key
from sidecar.core.policy.model import Action, AttributeKind
from sidecar.core.policy.patterns import host_patterns, method_patterns, text_patterns
from sidecar.settings.base import Model, checked
from sidecar.settings.effects import AllowedSettings, DeniedSettings


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Pattern = Annotated[str, checked(text_patterns)]
HostPattern = Annotated[str, checked(host_patterns)]
MethodPattern = Annotated[str, checked(method_patterns)]
Port = Annotated[str, BeforeValidator(_as_text, json_schema_input_type=str | int), checked(check_port)]
#: Checked in ``loading.consistency``, where the path mode is known.
PathPattern = Annotated[str, Field(min_length=1)]
#: ``scope-token`` of RFC 6749, section 3.3: it stands between quotes in WWW-Authenticate.
Scope = Annotated[str, Field(pattern=r"^[!#-\[\]-~]+$")]


class OperationSettings(Model):
    """``to.operation`` of Istio's AuthorizationPolicy: fields joined by AND, values by OR."""

    hosts: list[HostPattern] | None = Field(
        None,
        min_length=1,
        description="The Host header or :authority. Case, a closing dot and, unless the pattern has one, the port do "
        "not matter.",
    )
    not_hosts: list[HostPattern] | None = Field(
        None, min_length=1, alias="notHosts", description="Matches where none of these does."
    )
    ports: list[Port] | None = Field(None, min_length=1, description="The port of Envoy's listener.")
    not_ports: list[Port] | None = Field(
        None, min_length=1, alias="notPorts", description="Matches where none of these does."
    )
    methods: list[MethodPattern] | None = Field(None, min_length=1, description="HTTP methods, in capitals.")
    not_methods: list[MethodPattern] | None = Field(
        None, min_length=1, alias="notMethods", description="Matches where none of these does."
    )
    paths: list[PathPattern] | None = Field(
        None, min_length=1, description="The path without its query: exact, 'prefix*', '*suffix' or '*'."
    )
    not_paths: list[PathPattern] | None = Field(
        None, min_length=1, alias="notPaths", description="Matches where none of these does."
    )

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("an operation without fields would match every request; leave 'to' out if that is meant")
        return self


def _patterns(kind: AttributeKind) -> object:
    return checked(partial(check_values, kind))


PrincipalPattern = Annotated[str, _patterns(AttributeKind.SOURCE_PRINCIPAL)]
NamespacePattern = Annotated[str, _patterns(AttributeKind.SOURCE_NAMESPACE)]
AccountPattern = Annotated[str, _patterns(AttributeKind.SERVICE_ACCOUNT)]
Block = Annotated[str, _patterns(AttributeKind.SOURCE_IP)]
#: The fields of a source, by the attribute that each is about; ``not_`` goes before the negative ones.
SOURCE_FIELDS = {
    AttributeKind.SOURCE_PRINCIPAL: "principals",
    AttributeKind.PRINCIPAL: "request_principals",
    AttributeKind.SOURCE_NAMESPACE: "namespaces",
    AttributeKind.SERVICE_ACCOUNT: "service_accounts",
    AttributeKind.SOURCE_IP: "ip_blocks",
    AttributeKind.REMOTE_IP: "remote_ip_blocks",
}


class SourceSettings(Model):
    """``from.source``: who asks. Fields joined by AND, values by OR."""

    principals: list[PrincipalPattern] | None = Field(
        None,
        min_length=1,
        description="SPIFFE ID in the client's certificate, without 'spiffe://': cluster.local/ns/shop/sa/web.",
    )
    not_principals: list[PrincipalPattern] | None = Field(
        None, min_length=1, alias="notPrincipals", description="Matches where none of these does, also without one."
    )
    request_principals: list[Pattern] | None = Field(
        None, min_length=1, alias="requestPrincipals", description="issuer/subject of the token; '*' for any."
    )
    not_request_principals: list[Pattern] | None = Field(
        None,
        min_length=1,
        alias="notRequestPrincipals",
        description="Matches where none of these does, also without a token.",
    )
    namespaces: list[NamespacePattern] | None = Field(
        None, min_length=1, alias="namespaces", description="Namespace in that SPIFFE ID (…/ns/<namespace>/sa/…)."
    )
    not_namespaces: list[NamespacePattern] | None = Field(
        None, min_length=1, alias="notNamespaces", description="Matches where none of these does."
    )
    service_accounts: list[AccountPattern] | None = Field(
        None, min_length=1, alias="serviceAccounts", description="Service account in that SPIFFE ID, as namespace/name."
    )
    not_service_accounts: list[AccountPattern] | None = Field(
        None, min_length=1, alias="notServiceAccounts", description="Matches where none of these does."
    )
    ip_blocks: list[Block] | None = Field(
        None,
        min_length=1,
        alias="ipBlocks",
        description="Blocks of the connection's address, as 10.0.0.0/8.",
    )
    not_ip_blocks: list[Block] | None = Field(
        None, min_length=1, alias="notIpBlocks", description="Matches where none of these does."
    )
    remote_ip_blocks: list[Block] | None = Field(
        None,
        min_length=1,
        alias="remoteIpBlocks",
        description="The same of the client's address, by request.xff_num_trusted_hops.",
    )
    not_remote_ip_blocks: list[Block] | None = Field(
        None, min_length=1, alias="notRemoteIpBlocks", description="Matches where none of these does."
    )

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("a source without fields would match everybody; leave 'from' out if that is meant")
        return self


class FromSettings(Model):
    """One entry of ``from``."""

    source: SourceSettings


class ToSettings(Model):
    """One entry of ``to``."""

    operation: OperationSettings


class ConditionSettings(Model):
    """One entry of ``when``: an attribute and its values, or an expression."""

    key: Annotated[str, checked(parse_key)] | None = Field(
        None, description="An attribute, such as request.auth.claims[groups]."
    )
    values: list[str] | None = Field(
        None, min_length=1, description="One of the attribute's values must match one of these."
    )
    not_values: list[str] | None = Field(
        None, min_length=1, alias="notValues", description="None of them may match one of these; no value matches none."
    )
    #: Checked in ``loading.consistency``: the library is loaded by who has an expression alone.
    cel: str | None = Field(
        None,
        min_length=1,
        description="In place of these: an expression in the Common Expression Language.",
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.key is None) is (self.cel is None):
            raise ValueError("give 'key' with 'values' or 'notValues', or else 'cel'")
        if self.key is None and (self.values is not None or self.not_values is not None):
            raise ValueError("'values' and 'notValues' go with 'key'; write the comparison in the expression")
        if self.key is not None and self.values is None and self.not_values is None:
            raise ValueError("give 'values', 'notValues' or both")
        return self

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        kind = None if self.key is None else parse_key(self.key)[0]
        for pattern in (*(self.values or ()), *(self.not_values or ())):
            assert kind is not None  # noqa: S101 - there are values
            check_values(kind, pattern)
            if kind is AttributeKind.HEADER and "," in pattern:
                # A header with a comma is also read as two, so that an allow rule could never match.
                raise ValueError(f"{pattern!r} has a comma; a header is looked at part by part, so name the parts")
        return self


class RuleSettings(Model):
    """One rule: from AND to AND when. A rule with none of them matches every request that has a valid token."""

    from_: list[FromSettings] | None = Field(
        None, min_length=1, alias="from", description="Who: sources, joined by OR."
    )
    to: list[ToSettings] | None = Field(None, min_length=1, description="What: operations, joined by OR.")
    when: list[ConditionSettings] | None = Field(None, min_length=1, description="Conditions, joined by AND.")


class PolicySettings(Model):
    """A named policy."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,315}[A-Za-z0-9])?$")] = Field(
        description="Seen in logs and metadata; unique."
    )
    action: Annotated[Action, Field(strict=False)] = Field(
        description="'deny' policies come before 'allow' ones; 'audit' policies are named in dynamic metadata alone."
    )
    scopes: list[Scope] = Field(
        default=[], description="For 'allow': OAuth scopes that must all be in the token, else 403 insufficient_scope."
    )
    dry_run: bool = Field(
        default=False,
        description="Enforces nothing. Where it would have changed the decision, dynamic metadata say so in 'dry_run'.",
    )
    enforce_percent: float = Field(
        100.0,
        ge=0,
        le=100,
        description="For how many of a hundred subjects (or addresses, without a token) it is enforced, always the "
        "same ones; for the others it is in dry run.",
    )
    allowed: AllowedSettings | None = Field(
        None, description="For 'allow': what is done to the requests that it lets in (docs/effects.md)."
    )
    denied: DeniedSettings | None = Field(
        None, description="For 'deny', and for 'allow' with 'scopes': how its denials are told, in place of the usual."
    )
    rules: list[RuleSettings] = Field(min_length=1, description="Joined by OR.")

    @model_validator(mode="after")
    def _scopes_allow(self) -> Self:
        if self.scopes and self.action is not Action.ALLOW:
            raise ValueError(
                "'scopes' goes with 'action: allow' only: a deny policy that waits for scopes would deny less"
            )
        return self

    @model_validator(mode="after")
    def _effects_suit(self) -> Self:
        if self.allowed is not None and self.action is not Action.ALLOW:
            raise ValueError("'allowed' goes with 'action: allow' only: the others let nothing in")
        if self.denied is not None and self.action is not Action.DENY and not self.scopes:
            raise ValueError(
                "'denied' goes with 'action: deny', or with 'scopes'; for what no policy allows: response.unauthorized"
            )
        return self

    @model_validator(mode="after")
    def _one_share(self) -> Self:
        if self.dry_run and "enforce_percent" in self.model_fields_set:
            raise ValueError("'dry_run: true' is 'enforce_percent: 0'; write one of them")
        return self
