"""Traces of checks, for a collector of OpenTelemetry's."""

from typing import Annotated, Literal

from pydantic import Field

from sidecar.settings.base import Text
from sidecar.settings.otlp import OtlpSettings
from sidecar.tracing.told import Told


class TracingSettings(OtlpSettings):
    """Spans of checks (docs/tracing.md). Without this section nothing is traced, and it costs nothing."""

    ratio: float = Field(
        0.01,
        ge=0,
        le=1,
        description="Of checks that belong to no trace, so many are traced: 0.01 is 1 in 100. For all others whoever "
        "began the trace has decided, mostly Envoy, by the flag in traceparent.",
    )
    max_per_second: int = Field(
        100,
        ge=1,
        le=10000,
        description="Checks that one server traces in a second, at the most, whoever wants it to. What is more is "
        "checked as ever, without a span, and counted. A trace takes a server some 100 µs, and the flag that asks for "
        "one is the client's wherever Envoy goes on with clients' traces.",
    )
    request_header: Literal["ignore", "parent"] = Field(
        "ignore",
        description="What a traceparent among the client's own headers is. ignore: nothing, and the generated "
        "configuration of an Envoy that traces takes it off, since clients are anybody. parent: the trace that "
        "the request belongs to, be it traced or not, for Envoy and, where Envoy names no trace, for the check.",
    )
    service_name: Text = Field("authz-sidecar", description="What the spans' resource calls us (service.name).")
    resource_attributes: dict[Text, Text] = Field(
        default={},
        description="More attributes of that resource, such as deployment.environment.name. Those of "
        "OTEL_RESOURCE_ATTRIBUTES count too.",
    )
    attributes: list[Annotated[Told, Field(strict=False)]] = Field(
        default=[Told.OUTCOME, Told.REASON, Told.POLICY, Told.ISSUER, Told.METHOD, Told.STATUS],
        description="What spans tell of a check, beside its times. Never a token nor a query; subject, host, path and "
        "request_id only where they are named here.",
    )
    queue_size: int = Field(
        2048,
        ge=16,
        le=65536,
        description="Spans of one server that wait to be sent, some 2 KiB each; more are dropped, and counted. Checks "
        "never wait.",
    )
