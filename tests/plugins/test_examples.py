"""Each example, end to end: a real Envoy with what the product makes of it, and the sidecar with its configuration."""

import signal
from collections.abc import Sequence

import pytest

from sidecar.demo.client import Answer
from support.plugins import PLUGINS, Plugin, Running, running_plugin
from support.processes import eventually
from support.stacks import PATIENT

#: What no client may say of itself, in spellings that applications take for the first.
_FORGED = [("x-auth-subject", "root"), ("X-Auth-Issuer", "me"), ("x-auth-scopes", "all")]
_ODD = [("x.auth.subject", "root"), ("x~auth~issuer", "me")]
#: Those that take off odd spellings even where nobody is asked, and those that refuse names with "_".
_EARLY = {"istio", "envoy-gateway-socket", "envoy-gateway-service"}
_REFUSING = _EARLY | {"emissary"}
#: What clients get where nobody answers.
_DEAD = {"contour": 403, "gateway-api": 403}


@pytest.mark.parametrize("plugin", PLUGINS.values(), ids=PLUGINS)
def test_example_does_what_it_says(plugin: Plugin) -> None:
    """Who has a token passes and is named by it alone, others are denied with a reason; without a sidecar all are."""
    with running_plugin(plugin, seconds=PATIENT) as running:
        _decides(running)
        _nobody_names_themselves(running, plugin)
        _is_asked_about_the_path_that_is_routed(running)
        running.sidecar.signal(signal.SIGKILL)
        assert eventually(lambda: running.ask("/orders/1", running.token()).status == _DEAD.get(plugin.name, 503))


def _decides(running: Running) -> None:
    allowed = running.ask("/orders/1", running.token())
    assert (allowed.status, _identity(allowed)["x-auth-subject"]) == (200, "alice")
    for path, token, status, reason in (
        ("/orders/1", None, 401, "no_credential"),
        ("/orders/1", running.token(exp=1), 401, "token_expired"),
        ("/orders/1", running.token(aud="another"), 401, "wrong_audience"),
        ("/admin", running.token(), 403, "no_policy_allows"),
    ):
        denied = running.ask(path, token)
        assert (denied.status, denied.reason) == (status, reason)


def _nobody_names_themselves(running: Running, plugin: Plugin) -> None:
    forged = running.ask("/orders/1", running.token(), *_FORGED, *_ODD)
    assert forged.status == 200
    assert _identity(forged) == {
        "x-auth-subject": "alice",
        "x-auth-issuer": "https://idp.example.com",
        "x-auth-scopes": "orders:read",
    }
    # A route on which nobody is asked, where the product has such; else it is public.
    assert _identity(running.ask("/healthz", None, *_FORGED)) == {}
    if plugin.name in _EARLY:
        assert _identity(running.ask("/healthz", None, *_ODD)) == {}
    underscores = running.ask("/orders/1", running.token(), ("x_auth_subject", "root"))
    if plugin.name in _REFUSING:
        assert underscores.status == 400
    else:
        assert _identity(underscores)["x-auth-subject"] == "alice"
        assert "x_auth_subject" not in _identity(underscores)


def _is_asked_about_the_path_that_is_routed(running: Running) -> None:
    """However a path is spelt: what reaches the application is what policy allowed, or nothing does."""
    for path in ("/orders/../admin", "//orders/1", "/orders/%2e%2e/admin", "/orders%2f1", "/orders/..%2fadmin"):
        answer = running.ask(path, running.token())
        if answer.upstream_headers is not None:
            assert _path(answer).startswith("/orders/")
            assert ".." not in _path(answer)


def _path(answer: Answer) -> str:
    found = answer._json()["path"]
    assert isinstance(found, str)
    return found.lower().replace("%2e", ".")


def _identity(answer: Answer) -> dict[str, str]:
    """Return what the application was told of the caller, under whatever spelling; each only once."""
    assert answer.upstream_headers is not None, answer
    found: Sequence[tuple[str, str]] = [
        (name, value) for name, value in answer.upstream_headers if name.startswith("x") and "auth" in name
    ]
    assert len({name for name, _ in found}) == len(found)
    return dict(found)
