"""The settings of the front for HTTP say what the transport is given."""

from dataclasses import fields
from urllib.parse import urlsplit

from ruamel.yaml import YAML

from sidecar.settings.forward_auth import ForwardAuthSettings
from sidecar.transport.forward_auth.connection import Limits
from sidecar.transport.forward_auth.profile import PRESETS
from sidecar.transport.native.listening import SocketOptions
from support.forward_auth import PROXIES
from support.pages import ROOT
from support.trusts import trust

_LIMITS = {
    "connections": "max_connections",
    "header_bytes": "max_header_bytes",
    "headers": "max_headers",
    "idle_seconds": "idle_seconds",
    "write_seconds": "write_seconds",
}


def test_defaults_are_the_transport_s() -> None:
    """Of all presets and limits."""
    for proxy in PROXIES:
        settings = ForwardAuthSettings.model_validate({"listen": "127.0.0.1:0", "proxy": proxy})
        assert settings.profile() == PRESETS[proxy]
        assert {field.name: getattr(settings, _LIMITS[field.name]) for field in fields(Limits)} == {
            field.name: getattr(Limits(), field.name) for field in fields(Limits)
        }


def test_what_is_named_is_used() -> None:
    """Names, path and permissions."""
    values = {"path": "/ask", "headers": {"uri": "x-uri", "address": "x-peer"}, "socket_mode": "0600"}
    settings = ForwardAuthSettings.model_validate(
        {"listen": "unix:/a", "proxy": "nginx", "socket_group": "a", **values}
    )
    assert settings.profile().names == ("x-original-method", "x-uri", "x-forwarded-host", "x-forwarded-proto", "x-peer")
    assert (settings.profile().path, settings.socket_options()) == ("/ask", SocketOptions(0o600, "a"))


def test_the_documented_middleware_fits() -> None:
    """Traefik asks at our path, takes every identity header from us, and says one address."""
    page = (ROOT / "docs/forward-auth.md").read_text(encoding="utf-8").partition("\n## Traefik\n")[2]
    document = YAML(typ="safe").load(page.partition("```yaml\n")[2].partition("```")[0])
    middleware = document["http"]["middlewares"]["authz"]["forwardAuth"]
    assert urlsplit(middleware["address"]).path == PRESETS["traefik"].path
    assert tuple(map(str.lower, middleware["authResponseHeaders"])) == trust().response.stripped_headers
    assert middleware["trustForwardHeader"] is False
