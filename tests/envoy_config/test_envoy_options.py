"""Options that Envoy would refuse, or that would weaken the protection, are refused at once and by name."""

from typing import Any

import pytest

from sidecar.envoy_config import EnvoyOptions

_REFUSED: list[tuple[str, Any]] = [
    ("listener_port", -1),
    ("admin_port", 65536),
    ("upstream_port", 70000),
    ("timeout_seconds", 0),
    ("timeout_seconds", -1.0),
    ("authz_addresses", ()),
    ("identity_headers", ("X-User",)),
    ("identity_headers", ("x_user",)),
    ("identity_headers", ("",)),
    ("identity_headers", (":path",)),
    ("override_headers", ("X-HTTP-Method",)),
    ("override_headers", ("x.method",)),
    ("max_connections", 0),
    ("max_connections", -1),
    ("unprotected_paths", ("healthz",)),
    ("unprotected_paths", ("/a/../b",)),
    ("unprotected_paths", ("/a?b",)),
    ("unprotected_paths", ("",)),
    ("trace_percent", -1.0),
    ("trace_percent", 100.5),
    ("trace_to", "collector.example"),
    ("trace_to", "http://collector.example:4317"),
    ("trace_to", "0.0.0.0:4317"),
    ("trace_to", "unix:/run/collector.sock"),
]

_ADDRESSES = [
    "",
    "unix:",
    "unix:/",
    "unix:@",
    "unix:relative.sock",
    "localhost:9191",
    "127.0.0.1",
    "127.0.0.1:",
    ":9191",
]


@pytest.mark.parametrize(("field", "value"), _REFUSED)
def test_refused_by_name(field: str, value: Any) -> None:  # noqa: ANN401 - wrong values of every type
    """A wrong value is refused with the field's name."""
    with pytest.raises(ValueError, match=f"^{field}: "):
        EnvoyOptions(**{field: value})


@pytest.mark.parametrize("address", _ADDRESSES)
def test_wrong_address_is_refused(address: str) -> None:
    """An address is refused with a text that says how to write one."""
    with pytest.raises(ValueError, match="write"):
        EnvoyOptions(authz_addresses=(address,))


def test_ports_may_be_left_to_the_kernel() -> None:
    """Port 0 is allowed where Envoy binds."""
    options = EnvoyOptions(listener_port=0, admin_port=0)
    assert (options.listener_port, options.admin_port) == (0, 0)
