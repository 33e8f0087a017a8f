"""What Envoy tells of requests: spans of its own, and headers that are looked at for those of the sidecar."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sidecar.envoy_config import EnvoyOptions
from sidecar.envoy_config.parts import parts
from sidecar.envoy_config.telemetry import with_headers_told
from sidecar.settings import Settings
from support.trusts import ISSUERS

_TRACING = {"endpoint": "http://127.0.0.1:4317"}


def _settings(**tracing: Any) -> Settings:  # noqa: ANN401 - any setting
    return Settings.model_validate({"issuers": ISSUERS, **({"tracing": tracing} if tracing else {})})


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        (_settings(), ("authorization",)),
        (_settings(**_TRACING), ("authorization",)),
        (_settings(**_TRACING, request_header="parent"), ("authorization", "traceparent", "tracestate")),
    ],
)
def test_headers_of_the_trace(settings: Settings, sent: tuple[str, ...]) -> None:
    """Are sent where somebody reads them."""
    options = with_headers_told(EnvoyOptions(allowed_headers=("authorization",)), settings)
    assert options.allowed_headers == sent
    assert with_headers_told(EnvoyOptions(), settings).allowed_headers is None


def test_envoys_own_spans(
    manager: Callable[[EnvoyOptions], dict[str, Any]], generated: Callable[[EnvoyOptions], dict[str, Any]]
) -> None:
    """Go to the collector that is named, of so many requests, and of none at a client's wish."""
    options = EnvoyOptions(trace_to="collector.example:4317", trace_percent=2.5)
    tracing = manager(options)["tracing"]
    assert tracing["random_sampling"] == {"value": 2.5}
    assert tracing["client_sampling"] == {}
    config = tracing["provider"]["typed_config"]
    assert config["service_name"] == "envoy"
    cluster = generated(options)["static_resources"]["clusters"][-1]
    assert cluster["name"] == config["grpc_service"]["envoy_grpc"]["cluster_name"] == "collector"
    assert cluster["type"] == "STRICT_DNS"
    named = {one["name"] for one in parts(options)["cluster"]["clusters"]}  # type: ignore[attr-defined]
    assert named == {"authz", "collector"}
    assert "tracing" in parts(options)["manager"]


def test_no_spans_without_a_collector(manager: Callable[[EnvoyOptions], dict[str, Any]]) -> None:
    """Envoy then traces nothing."""
    assert "tracing" not in manager(EnvoyOptions())


@pytest.mark.parametrize(
    ("settings", "taken_off"),
    [
        (_settings(), {"traceparent", "tracestate", "x-envoy-force-trace"}),
        (_settings(**_TRACING), {"traceparent", "tracestate", "x-envoy-force-trace"}),
        (_settings(**_TRACING, request_header="parent"), {"x-envoy-force-trace"}),
    ],
)
def test_clients_do_not_have_themselves_traced(
    manager: Callable[[EnvoyOptions], dict[str, Any]], settings: Settings, taken_off: set[str]
) -> None:
    """Where Envoy traces, headers that would have it trace are taken off, those of the trace unless clients' count."""
    options = with_headers_told(EnvoyOptions(), settings)
    without, with_ = (_taken_off(manager(one)) for one in (options, replace(options, trace_to="127.0.0.1:4317")))
    assert with_ - without == {name.replace("-", "[^a-z0-9:]") for name in taken_off}


def _taken_off(manager: dict[str, Any]) -> set[str]:
    mutations = manager["early_header_mutation_extensions"][0]["typed_config"]["mutations"]
    return {one["remove_on_match"]["key_matcher"]["safe_regex"]["regex"] for one in mutations}
