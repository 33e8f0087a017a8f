"""Policies, with the field names of Istio's AuthorizationPolicy."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from sidecar.core.policy.key import parse_key
from sidecar.core.policy.model import Action, AttributeKind
from sidecar.core.policy.patterns import host_patterns, method_patterns, text_patterns
from sidecar.settings.base import Model, checked


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _check_port(text: str) -> None:
    if not (text.isascii() and text.isdecimal() and text[0] != "0" and int(text) <= 65535):  # noqa: PLR2004 - TCP's last
        raise ValueError(f"{text!r} is no port; allowed: 1 to 65535")


Pattern = Annotated[str, checked(text_patterns)]
HostPattern = Annotated[str, checked(host_patterns)]
MethodPattern = Annotated[str, checked(method_patterns)]
Port = Annotated[str, BeforeValidator(_as_text), checked(_check_port)]
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


class SourceSettings(Model):
    """``from.source``: who the token speaks for, as ``issuer/subject``."""

    request_principals: list[Pattern] | None = Field(
        None, min_length=1, alias="requestPrincipals", description="issuer/subject of the token; '*' for any."
    )
    not_request_principals: list[Pattern] | None = Field(
        None,
        min_length=1,
        alias="notRequestPrincipals",
        description="Matches where none of these does, also without a token.",
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
    """One entry of ``when``."""

    key: Annotated[str, checked(parse_key)] = Field(description="An attribute, such as request.auth.claims[groups].")
    values: list[Pattern] | None = Field(
        None, min_length=1, description="One of the attribute's values must match one of these."
    )
    not_values: list[Pattern] | None = Field(
        None, min_length=1, alias="notValues", description="None of them may match one of these; no value matches none."
    )

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.values is None and self.not_values is None:
            raise ValueError("give 'values', 'notValues' or both")
        return self

    @model_validator(mode="after")
    def _no_commas(self) -> Self:
        if parse_key(self.key)[0] is AttributeKind.HEADER:
            for pattern in (*(self.values or ()), *(self.not_values or ())):
                if "," in pattern:
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

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$")] = Field(
        description="Seen in logs and metadata; unique."
    )
    action: Annotated[Action, Field(strict=False)] = Field(
        description="'deny' policies are looked at before 'allow' ones."
    )
    scopes: list[Scope] = Field(
        default=[], description="For 'allow': OAuth scopes that must all be in the token, else 403 insufficient_scope."
    )
    rules: list[RuleSettings] = Field(min_length=1, description="Joined by OR.")

    @model_validator(mode="after")
    def _scopes_allow(self) -> Self:
        if self.scopes and self.action is not Action.ALLOW:
            raise ValueError(
                "'scopes' goes with 'action: allow' only: a deny policy that waits for scopes would deny less"
            )
        return self
