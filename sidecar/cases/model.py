"""A file of cases, as people write it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from sidecar.settings.base import Model, Text
from sidecar.settings.policy import OperationSettings, PolicySettings
from sidecar.settings.response import ResponseSettings

#: A header's value, or its copies.
HeaderValue = str | list[str]


class SourceCase(Model):
    """The client's end of the connection."""

    address: str = Field("192.0.2.1", description="Its IP address; empty: none is named.")
    principal: str = Field("", description="Who its certificate says it is, as spiffe://cluster.local/ns/shop/sa/web.")


class DestinationCase(Model):
    """Envoy's end of the connection."""

    address: str = Field("", description="The IP address that was connected to.")
    port: int = Field(8443, ge=0, le=65535, description="Its port; 0: none is named.")


class RequestCase(Model):
    """A request as Envoy tells of it."""

    method: str = Field("GET", description="Its method.")
    host: str = Field("api.example.com", description="The Host header, or :authority.")
    path: str = Field("/", description="Path and query.")
    scheme: str = Field("https", description="http or https.")
    headers: dict[str, HeaderValue] = Field(default={}, description="By name; a list for a header with several copies.")
    source: SourceCase = Field(default_factory=lambda: SourceCase.model_validate({}))
    destination: DestinationCase = Field(default_factory=lambda: DestinationCase.model_validate({}))
    sni: str | None = Field(None, description="The name asked for in TLS; without: no TLS.")
    context: dict[str, str] = Field(default={}, description="Envoy's context_extensions.")
    route_metadata: dict[str, dict[str, Any]] = Field(
        default={}, description="The metadata of Envoy's route, by namespace."
    )
    body: dict[str, Any] | str | None = Field(
        None, description="The body: an object goes as JSON, with its Content-Type; a text as it is. Without: none."
    )


class DecisionCase(Model):
    """What would have been decided."""

    decision: Literal["allow", "deny"] = Field(description="Whether the request might pass.")
    reason: Text = Field(description="The reason's code (docs/reasons.md).")
    policy: Text | None = Field(None, description="The policy that would decide.")


class ExpectedCase(Model):
    """What is expected; what is left out may be anything."""

    decision: Literal["allow", "deny"] = Field(description="Whether the request may pass.")
    reason: Text | None = Field(None, description="The reason's code (docs/reasons.md).")
    policy: Text | None = Field(None, description="The policy that decides.")
    audited: list[Text] | None = Field(None, description="The audit policies that match.")
    dry_run: DecisionCase | None = Field(None, description="What differs if all policies were enforced.")
    status: int | None = Field(None, description="The HTTP status of a denial.")
    headers: dict[str, str] | None = Field(None, description="Headers that are set: upstream, or of a denial.")
    removed: list[str] | None = Field(None, description="Headers that the upstream does not get, some of them.")
    client: dict[str, str] | None = Field(None, description="Headers that are set for the client, of what is allowed.")
    query: dict[str, str] | None = Field(None, description="Query parameters that are set, percent-encoded.")
    query_removed: list[str] | None = Field(None, description="Those that the upstream does not get, all of them.")
    metadata: dict[str, Any] | None = Field(None, description="Members of 'policy_metadata'.")
    body: str | None = Field(None, description="The body of a denial.")
    json_body: dict[str, Any] | None = Field(None, alias="json", description="The same, as JSON.")


class CaseSettings(Model):
    """One case."""

    name: Text = Field(description="What it shows.")
    source: Text | None = Field(None, description="Where that is said.")
    request: RequestCase = Field(default_factory=lambda: RequestCase.model_validate({}))
    token: dict[str, Any] | None = Field(None, description="Claims of the token; iss, aud, iat, exp may be left out.")
    now: Annotated[datetime, Field(strict=False)] | None = Field(None, description="The time of the check.")
    expect: ExpectedCase


class CaseFile(Model):
    """Cases, and what they are about where that is not a configuration."""

    policies: list[PolicySettings] | None = Field(None, description="Instead of a configuration's.")
    public: list[OperationSettings] = Field(default=[], description="With 'policies': operations without a token.")
    cors_preflight: list[OperationSettings] = Field(default=[], description="With 'policies': of CORS preflights.")
    xff_num_trusted_hops: int = Field(0, ge=0, le=16, description="With 'policies': as request.xff_num_trusted_hops.")
    response: ResponseSettings | None = Field(None, description="With 'policies': as in a configuration.")
    cases: list[CaseSettings] = Field(min_length=1, description="Requests, and what is expected of each.")
