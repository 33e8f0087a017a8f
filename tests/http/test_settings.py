"""The settings of both listeners: what is refused, and that the text says what, where and what to do."""

from typing import Any

import pytest
from pydantic import ValidationError

from sidecar.http.address import parse
from sidecar.loading.wording import explain
from sidecar.settings.http import AdminSettings, ProbeSettings

TLS = {"certificate_file": "tls.crt", "key_file": "tls.key"}
MUTUAL = TLS | {"client_ca_file": "ca.crt"}


def problem(model: type[AdminSettings | ProbeSettings], document: dict[str, Any]) -> str:
    """Return the one problem with a document."""
    with pytest.raises(ValidationError) as refused:
        model.model_validate(document)
    (error,) = refused.value.errors()
    return explain(error)


def test_defaults() -> None:
    """Without a word probes are answered where kubelet asks, and nobody administers."""
    probe, admin = ProbeSettings.model_validate({}), AdminSettings.model_validate({})
    assert str(parse(probe.listen or "")) == "0.0.0.0:9190"
    assert admin.listen is None
    assert admin.socket_mode == "0600"


def test_switched_off() -> None:
    """``false`` switches a listener off; ``true`` and nothing are mistakes."""
    assert ProbeSettings.model_validate({"listen": False}).listen is None
    assert AdminSettings.model_validate({"listen": False, "tls": TLS}).listen is None
    assert "string" in problem(ProbeSettings, {"listen": True})
    assert "is empty" in problem(AdminSettings, {"listen": None})


@pytest.mark.parametrize(
    "document",
    [
        {"listen": "unix:/run/authz/admin.sock"},
        {"listen": "unix:/run/authz/admin.sock", "socket_mode": "0660", "bearer_token_file": "token"},
        {"listen": "127.0.0.1:9193", "bearer_token_file": "token"},
        {"listen": "[::1]:9193", "bearer_token_file": "token"},
        {"listen": "127.0.0.1:9193", "tls": MUTUAL},
        {"listen": "0.0.0.0:9193", "tls": MUTUAL},
        {"listen": "0.0.0.0:9193", "tls": TLS, "bearer_token_file": "token"},
        {"listen": "0.0.0.0:9193", "tls": MUTUAL, "allowed_hosts": ["admin.internal", "[2001:db8::1]", "10.0.0.1"]},
    ],
)
def test_protected_administration(document: dict[str, Any]) -> None:
    """What does: a Unix socket, a token, client certificates; a token on the network over TLS."""
    assert AdminSettings.model_validate(document).listen == document["listen"]


@pytest.mark.parametrize("listen", ["127.0.0.1:9193", "[::1]:9193", "0.0.0.0:9193"])
@pytest.mark.parametrize("others", [{}, {"tls": TLS}])
def test_tcp_without_protection(listen: str, others: dict[str, Any]) -> None:
    """On TCP, loopback too, a token or client certificates must be there; a certificate of ours protects nobody."""
    text = problem(AdminSettings, {"listen": listen, **others})
    for word in (listen, "'bearer_token_file'", "'client_ca_file'", "on loopback too", "unix:/path"):
        assert word in text


def test_token_in_the_clear() -> None:
    """A token does not cross a network without TLS."""
    text = problem(AdminSettings, {"listen": "10.0.0.1:9193", "bearer_token_file": "token"})
    assert "in the clear" in text
    assert "'tls'" in text


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"listen": "unix:@admin"}, "has no permissions"),
        ({"listen": "unix:/a", "tls": MUTUAL}, "an IP address only"),
        ({"listen": "localhost:9193", "bearer_token_file": "token"}, "names are not looked up"),
        ({"listen": "unix:/a", "socket_mode": "0666"}, "allowed: '0600' or '0660'"),
        ({"listen": "unix:/a", "socket_mode": 600}, "allowed: '0600' or '0660'"),
        ({"listen": "unix:/a", "allowed_hosts": ["*"]}, "allowed: text of the form"),
        ({"listen": "unix:/a", "allowed_hosts": ["a:1"]}, "allowed: text of the form"),
        ({"listen": "unix:/a", "allowed_hosts": ["a\n"]}, "allowed: text of the form"),
        ({"listen": "unix:/a", "bearer_token_file": ""}, "at least 1 character"),
        ({"listen": "unix:/a", "timeout_seconds": 0}, "greater than 0"),
        ({"listen": "unix:/a", "max_connections": 0}, "greater than or equal to 1"),
    ],
)
def test_refused(document: dict[str, Any], why: str) -> None:
    """Each is told why."""
    assert why in problem(AdminSettings, document)


@pytest.mark.parametrize("model", [ProbeSettings, AdminSettings])
def test_every_field_says_what_it_is(model: type[ProbeSettings | AdminSettings]) -> None:
    """No field without a description."""
    assert all(field.description for field in model.model_fields.values())
