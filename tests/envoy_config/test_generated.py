"""What the options change in the generated configuration, and what no option changes."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from sidecar.core.path import PathMode
from sidecar.envoy_config import EnvoyOptions
from sidecar.envoy_config.headers import lookalikes

Read = Callable[[EnvoyOptions], dict[str, Any]]

#: As in Istio's listener builder: normalize_path, merge_slashes, path_with_escaped_slashes_action.
_ISTIO = {
    PathMode.REJECT: (False, False, "KEEP_UNCHANGED"),
    PathMode.NONE: (False, False, "KEEP_UNCHANGED"),
    PathMode.BASE: (True, False, "KEEP_UNCHANGED"),
    PathMode.MERGE_SLASHES: (True, True, "KEEP_UNCHANGED"),
    PathMode.DECODE_AND_MERGE_SLASHES: (True, True, "UNESCAPE_AND_FORWARD"),
}


def _routes(manager: dict[str, Any]) -> list[dict[str, Any]]:
    return list(manager["route_config"]["virtual_hosts"][0]["routes"])


def _stripped(manager: dict[str, Any]) -> list[str]:
    mutations = manager["early_header_mutation_extensions"][0]["typed_config"]["mutations"]
    return [entry["remove_on_match"]["key_matcher"]["safe_regex"]["regex"] for entry in mutations]


def _ext_authz(manager: dict[str, Any]) -> dict[str, Any]:
    return dict(manager["http_filters"][0]["typed_config"])


@pytest.mark.parametrize("mode", PathMode)
def test_normalisation_is_always_said(mode: PathMode, manager: Read) -> None:
    """Each mode sets what Istio sets, and sets it explicitly, so that no runtime key can change it."""
    found = manager(EnvoyOptions(path_mode=mode))
    said = (found["normalize_path"], found.get("merge_slashes", False), found["path_with_escaped_slashes_action"])
    assert said == _ISTIO[mode]


def test_refusals_come_first(manager: Read) -> None:
    """In ``reject`` mode every refusal precedes every route on which the sidecar is not asked."""
    names = [route["name"] for route in _routes(manager(EnvoyOptions(unprotected_paths=("/healthz",))))]
    assert [name.split(":")[0] for name in names] == [*["not in normal form"] * 8, "unprotected /healthz", "protected"]


@pytest.mark.parametrize("mode", [mode for mode in PathMode if mode is not PathMode.REJECT])
def test_istio_modes_refuse_no_path_but_raw_bytes(mode: PathMode, manager: Read) -> None:
    """Istio's modes refuse, of paths, nothing but raw bytes that the sidecar would not be shown as they are."""
    names = [
        route["name"].removeprefix("not in normal form: ") for route in _routes(manager(EnvoyOptions(path_mode=mode)))
    ]
    assert names == ["method", "authority", "ascii", "protected"]


@pytest.mark.parametrize("mode", PathMode)
def test_refusals_are_enabled_and_miss_nothing(mode: PathMode, manager: Read) -> None:
    """In every mode refusals have the filter enabled, whatever the path, and take a missing header for an empty one."""
    refusals = [route for route in _routes(manager(EnvoyOptions(path_mode=mode))) if "direct_response" in route]
    assert {route["match"]["headers"][0]["name"] for route in refusals} == {":method", ":authority", ":path"}
    for route in refusals:
        assert "typed_per_filter_config" not in route
        assert route["match"]["prefix"] == ""
        assert route["match"]["headers"][0]["treat_missing_header_as_empty"] is True


def test_filter_is_only_disabled_where_asked_for(manager: Read) -> None:
    """The filter is disabled on unprotected paths, and enabled on all other routes, refusals included."""
    routes = _routes(manager(EnvoyOptions(unprotected_paths=("/healthz", "/ready"))))
    disabled = [route["match"]["path"] for route in routes if "typed_per_filter_config" in route]
    assert disabled == ["/healthz", "/ready"]


def test_identity_headers_are_stripped_early(manager: Read) -> None:
    """Every identity header, and Envoy's own mark of an unchecked request, is removed before routing."""
    found = _stripped(manager(EnvoyOptions(identity_headers=("x-user", "x-groups"), override_headers=())))
    assert found[:2] == ["x[^a-z0-9:]user", "x[^a-z0-9:]groups"]
    assert re.fullmatch(found[2], "x-envoy-auth-failure-mode-allowed")
    assert len(found) == 3


def test_override_headers_are_stripped_early(manager: Read) -> None:
    """Override headers are removed after identity headers, each name once."""
    options = EnvoyOptions(identity_headers=("x-user",), override_headers=("x-method", "x-user"))
    assert _stripped(manager(options))[::2] == ["x[^a-z0-9:]user", "x[^a-z0-9:]method"]


@pytest.mark.parametrize("name", ["-path", "-method", "-authority", "-scheme"])
def test_pseudo_headers_are_never_stripped(name: str) -> None:
    """No configured name, however odd, stands for a pseudo-header."""
    pseudo = name.replace("-", ":")
    assert re.fullmatch(lookalikes(name), name)
    assert not re.fullmatch(lookalikes(name), pseudo)


@pytest.mark.parametrize(("forward", "removed"), [(True, []), (False, ["authorization"])])
def test_token_is_removed_on_every_route(forward: bool, removed: list[str], manager: Read) -> None:  # noqa: FBT001
    """Without ``forward_token`` the virtual host, and with it every route, removes the token once filters have run."""
    host = manager(EnvoyOptions(forward_token=forward))["route_config"]["virtual_hosts"][0]
    assert host.get("request_headers_to_remove", []) == removed


@pytest.mark.parametrize("mode", PathMode)
def test_underscore_headers_are_refused(mode: PathMode, manager: Read) -> None:
    """``x_user`` is refused in every mode."""
    options = manager(EnvoyOptions(path_mode=mode))["common_http_protocol_options"]
    assert options["headers_with_underscores_action"] == "REJECT_REQUEST"


def test_a_client_s_time_is_bounded(manager: Read) -> None:
    """No part of a request, and no connection, may take for ever."""
    found = manager(EnvoyOptions())
    parts = ("request_headers_timeout", "request_timeout", "stream_idle_timeout")
    assert [found[part] for part in parts] == ["10s", "300s", "300s"]
    assert found["common_http_protocol_options"]["idle_timeout"] == "900s"


def test_a_client_s_memory_is_bounded(manager: Read, generated: Read) -> None:
    """Buffers and HTTP/2 windows are those of an edge proxy; the sidecar's connection, which checks share, is wider."""
    found = generated(EnvoyOptions())["static_resources"]
    everything = (*found["listeners"], *found["clusters"])
    assert [part["per_connection_buffer_limit_bytes"] for part in everything] == [32768, 32768, 1048576]
    assert manager(EnvoyOptions())["http2_protocol_options"] == {
        "max_concurrent_streams": 100,
        "initial_stream_window_size": 65536,
        "initial_connection_window_size": 1048576,
    }


def test_connections_are_bounded_but_the_operator_s(generated: Read) -> None:
    """The limit on connections is chosen, and does not hold for the admin interface."""
    found = generated(EnvoyOptions(max_connections=77))
    monitor = found["overload_manager"]["resource_monitors"][0]["typed_config"]
    assert monitor["max_active_downstream_connections"] == "77"
    assert found["admin"]["ignore_global_conn_limit"] is True


def test_every_route_to_the_application_has_a_bound(manager: Read) -> None:
    """The answer's time-out is said on every route to the application."""
    routes = _routes(manager(EnvoyOptions(unprotected_paths=("/healthz",))))
    assert [route["route"]["timeout"] for route in routes if "route" in route] == ["15s", "15s"]


def test_failing_open_is_said_aloud(manager: Read) -> None:
    """Whoever lets requests in unchecked also tells the application which ones."""
    found = _ext_authz(manager(EnvoyOptions(failure_mode_allow=True)))
    assert (found["failure_mode_allow"], found["failure_mode_allow_header_add"]) == (True, True)


def test_failing_closed_is_the_default(manager: Read) -> None:
    """By default a sidecar that does not answer refuses with 503, and there is no runtime switch to turn it off."""
    found = _ext_authz(manager(EnvoyOptions()))
    assert found["status_on_error"] == {"code": "ServiceUnavailable"}
    assert found.keys().isdisjoint({"failure_mode_allow", "filter_enabled", "deny_at_disable", "shadow_mode"})


def test_raw_headers_are_a_choice(manager: Read) -> None:
    """``encode_raw_headers`` reaches the filter."""
    assert _ext_authz(manager(EnvoyOptions(encode_raw_headers=True)))["encode_raw_headers"] is True


def test_timeout_covers_the_whole_check(manager: Read, generated: Read) -> None:
    """The timeout bounds the call, and connecting may take half of it."""
    options = EnvoyOptions(timeout_seconds=0.5)
    clusters = {entry["name"]: entry for entry in generated(options)["static_resources"]["clusters"]}
    assert _ext_authz(manager(options))["grpc_service"]["timeout"] == "0.500s"
    assert clusters["authz"]["connect_timeout"] == "0.250s"


def test_checks_are_retried(manager: Read) -> None:
    """The retry policy is where Envoy heeds it for checks: that of ``envoy_grpc`` is for long-lived streams only."""
    service = _ext_authz(manager(EnvoyOptions()))["grpc_service"]
    assert service["retry_policy"]["num_retries"] == 3
    assert "retry_policy" not in service["envoy_grpc"]


def test_each_try_has_half_of_the_time(manager: Read) -> None:
    """The longest back-off, which Envoy takes for the time-out of each try, is half of the check's."""
    service = _ext_authz(manager(EnvoyOptions(timeout_seconds=0.2)))["grpc_service"]
    assert service["retry_policy"]["retry_back_off"]["max_interval"] == "0.100s"


def test_each_server_process_is_an_endpoint(generated: Read) -> None:
    """Every sidecar address becomes an endpoint of its own."""
    options = EnvoyOptions(authz_addresses=("unix:/run/a.sock", "unix:@authz", "127.0.0.1:9191", "[::1]:9192"))
    authz = next(entry for entry in generated(options)["static_resources"]["clusters"] if entry["name"] == "authz")
    hosts = authz["load_assignment"]["endpoints"][0]["lb_endpoints"]
    assert [host["endpoint"]["address"] for host in hosts] == [
        {"pipe": {"path": "/run/a.sock"}},
        {"pipe": {"path": "@authz"}},
        {"socket_address": {"address": "127.0.0.1", "port_value": 9191}},
        {"socket_address": {"address": "::1", "port_value": 9192}},
    ]


@pytest.mark.parametrize(
    ("address", "kind"), [("127.0.0.1", "STATIC"), ("::1", "STATIC"), ("app.internal", "STRICT_DNS")]
)
def test_upstream_names_are_resolved(address: str, kind: str, generated: Read) -> None:
    """A literal address is used as it is, a name is resolved."""
    clusters = generated(EnvoyOptions(upstream_address=address))["static_resources"]["clusters"]
    assert clusters[0]["type"] == kind


def test_generation_is_deterministic(generated: Read) -> None:
    """The same options give the same configuration."""
    assert generated(EnvoyOptions()) == generated(EnvoyOptions())
