"""Sending browsers to a login, and nobody anywhere else."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.test_effects_denied import Told
from sidecar.core.effects.redirect import LONGEST
from sidecar.core.trust import Trust
from support.effects import trust_of
from support.requests import check_request, with_token
from support.tokens import mint

_BROWSER = {"accept": "text/html,application/xhtml+xml;q=0.9", "sec-fetch-mode": "navigate"}


def _trust(to: str = "https://login.example/start?rd={url}&lang=de", **more: Any) -> Trust:  # noqa: ANN401
    response = {
        "public_origins": ["https://app.example", "https://app.example:8443"],
        "unauthenticated": {"status": 404, "redirect": {"to": to}},
    }
    return trust_of(policies=[{"name": "all", "action": "allow", "rules": [{}]}], response=response, **more)


_TRUST = _trust()


def _ask(
    path: str = "/a/b?x=1&y=%20", host: str = "app.example", headers: dict[str, str] | None = None, method: str = "GET"
) -> Told:
    sent = _BROWSER if headers is None else headers
    return Told(check_request(path=path, host=host, headers=sent, method=method), _TRUST)


def test_browser_is_sent_to_the_login() -> None:
    """A browser that goes to a page is sent to the login, with what it asked for as one value."""
    told = _ask()
    assert (told.status, told.body) == (302, "")
    assert told.headers["location"] == (
        "https://login.example/start?rd=https%3A%2F%2Fapp.example%2Fa%2Fb%3Fx%3D1%26y%3D%2520&lang=de"
    )
    assert told.headers["cache-control"] == "no-store"
    assert "www-authenticate" not in told.headers


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("APP.example.", "https://app.example"),
        ("app.example:443", "https://app.example"),
        ("app.example:80", "https://app.example"),
        ("app.example:8443", "https://app.example:8443"),
    ],
)
def test_host_chooses_an_origin(host: str, origin: str) -> None:
    """The host is one of those that are configured, in whatever spelling, and the origin is as configured."""
    assert parse_qs(urlsplit(_ask("/", host).headers["location"]).query)["rd"] == [f"{origin}/"]


@pytest.mark.parametrize("host", ["evil.example", "app.example.evil.example", "app.example:444", "xapp.example"])
def test_other_hosts_are_sent_nowhere(host: str) -> None:
    """A host that is not configured is no place to come back to."""
    told = _ask(host=host)
    expected = 302 if host == "app.example:444" else 404  # that is the host, and the origin is the configured one
    assert told.status == expected
    assert "evil" not in str(told.headers)


@pytest.mark.parametrize(
    "headers",
    [
        *({}, {"accept": "*/*"}, {"accept": "application/json"}, _BROWSER | {"sec-fetch-mode": "cors"}),
        _BROWSER | {"content-type": "application/grpc"},
    ],
)
def test_others_get_the_status(headers: dict[str, str]) -> None:
    """Scripts, tools and gRPC's callers get a status."""
    told = _ask(headers=headers)
    assert told.status == (401 if "grpc" in str(headers) else 404)
    assert "location" not in told.headers


@pytest.mark.parametrize(
    ("method", "status"), [("GET", 302), ("HEAD", 302), ("POST", 404), ("PUT", 404), ("OPTIONS", 404)]
)
def test_methods(method: str, status: int) -> None:
    """What may have a body is not sent elsewhere."""
    assert _ask(method=method).status == status


def test_browser_without_fetch_metadata() -> None:
    """An old browser sends no Sec-Fetch-Mode."""
    assert _ask(headers={"accept": "text/html"}).status == 302


@pytest.mark.parametrize(
    "query", ["access_token=secret", "a=1&access%5Ftoken=secret", "token=secret", "Token=secret&a=1"]
)
def test_credentials_stay_out(query: str) -> None:
    """A query with a credential in it is in no location."""
    trust = _trust(issuer={"credentials": [{"query": {"name": "token"}}]})
    told = Told(check_request(path=f"/a?{query}", host="app.example", headers=_BROWSER), trust)
    assert "secret" not in str(told.headers)


def test_long_urls() -> None:
    """A query that is too long stays out, and a path that is too long leaves the status."""
    assert _ask("/a?" + "x" * LONGEST).headers["location"].endswith("%2Fa&lang=de")
    assert _ask("/" + "x" * LONGEST).status == 404


def test_without_url() -> None:
    """A login that needs no URL is the same for everybody."""
    told = Told(check_request(host="evil.example", headers=_BROWSER), _trust("https://login.example/"))
    assert told.headers["location"] == "https://login.example/"


def test_policy_s_own() -> None:
    """A deny policy may redirect, too."""
    denied = {"redirect": {"to": "https://login.example/step-up"}}
    policy = {"name": "no", "action": "deny", "denied": denied, "rules": [{}]}
    assert Told(with_token(mint(), headers=_BROWSER), trust_of(policies=[policy])).status == 302


def test_headers_that_tell_browsers_are_sent() -> None:
    """Envoy is told to send what tells a browser."""
    assert {"accept", "content-type", "sec-fetch-mode"} <= _TRUST.headers_read


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"], exclude_characters=" ")), st.text(max_size=60))
def test_whatever_is_asked_for(query: str, host: str) -> None:
    """The login gets what was asked for as one value, whose origin is configured; everything else is literal."""
    told = _ask(f"/a?{query}", "app.example")
    if told.status == 302:
        place = urlsplit(told.headers["location"])
        assert (place.scheme, place.netloc, place.path, place.fragment) == ("https", "login.example", "/start", "")
        values = parse_qs(place.query, strict_parsing=True)
        assert values["lang"] == ["de"]
        assert values["rd"] == [f"https://app.example/a?{query}" if query else "https://app.example/a"]
    other = _ask("/a", host)
    assert other.headers.get("location", "https://login.example/").startswith("https://login.example/")
