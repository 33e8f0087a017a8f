"""Where keys come from, and that they are taken over while an authenticator runs."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sidecar import Authenticator, ConfigurationError, Reason, Result
from support.authenticators import settings, token
from support.keypairs import Pair, pair
from support.provider import Provider, running_provider
from support.tokens import ISSUER

_OLD, _NEW = pair(key_id="old", owner="old"), pair(key_id="new", owner="new")


def _until(condition: Callable[[], Any]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def _oidc(provider: Provider, **fetch: object) -> Authenticator:
    assert provider.authority is not None
    ca = provider.authority.file
    fast = {
        "ca_file": ca,
        "allow_private_addresses": True,
        "refetch_min_interval_seconds": 0.1,
        "refetch_wait_seconds": 10.0,
    }
    return Authenticator.from_oidc(
        provider.issuer, audience="orders", fetch=fast | fetch, settings={"enable_multiprocessing": False}
    )


def _token(provider: Provider, key: Pair, subject: str = "alice") -> str:
    return token(subject, key, iss=provider.issuer)


def _reason(found: Result) -> Reason:
    assert not found.ok
    return found.reason


def test_oidc(tmp_path: Path) -> None:
    """Keys are found by discovery; a new one is fetched when a token names it, a removed one takes its tokens along."""
    with (
        running_provider(tmp_path, keys=[_OLD.jwk]) as provider,
        _oidc(provider, min_refresh_seconds=1.0, max_refresh_seconds=1.0) as made,
    ):
        first = _token(provider, _OLD)
        assert made.authenticate_sync(first)
        assert made.authenticate_sync(first)
        provider.keys[:] = [_OLD.jwk, _NEW.jwk]
        _until(lambda: made.authenticate_sync(_token(provider, _NEW)))
        assert made.authenticate_sync(first)
        provider.keys[:] = [_NEW.jwk]
        _until(lambda: not made.authenticate_sync(first))
        assert _reason(made.authenticate_sync(first)) is Reason.UNKNOWN_KEY
        assert made.authenticate_sync(_token(provider, _NEW))


def test_a_provider_that_is_away(tmp_path: Path) -> None:
    """Without keys its tokens are refused for that; once they can be had, they are taken."""
    with running_provider(tmp_path) as provider:
        provider.keys[:] = []
        with _oidc(provider, refetch_wait_seconds=0.2) as made:
            assert _reason(made.authenticate_sync(_token(provider, _OLD))) is Reason.KEYS_UNAVAILABLE
            assert not made.health().ok
            provider.keys[:] = [_OLD.jwk]
            _until(lambda: made.authenticate_sync(_token(provider, _OLD)))
            assert made.health().ok


@pytest.mark.parametrize("as_file", [True, False])
def test_files_are_read_again(tmp_path: Path, *, as_file: bool) -> None:
    """A key set in a file is taken over when it changes, and so is a configuration; relative paths are its folder's."""
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps({"keys": [_OLD.jwk]}), "utf-8")
    document = settings()
    document["issuers"][0]["keys"] = {"file": "jwks.json"}
    document |= {"policies": [{"name": "nobody", "action": "deny", "rules": [{}]}], "listen": "127.0.0.1:1"}
    (tmp_path / "authz.yaml").write_text(json.dumps(document), "utf-8")
    source = Authenticator.from_file(tmp_path / "authz.yaml") if as_file else Authenticator(document, folder=tmp_path)
    with source as made:
        known = token(key=_OLD)
        assert made.authenticate_sync(known)
        keys.write_text(json.dumps({"keys": [_NEW.jwk]}), "utf-8")
        _until(lambda: made.authenticate_sync(token(key=_NEW)))
        assert _reason(made.authenticate_sync(known)) is Reason.UNKNOWN_KEY
        keys.write_text("{", "utf-8")  # a file that is wrong changes nothing
        assert made.authenticate_sync(token("again", _NEW))
        if as_file:
            document["issuers"][0]["audiences"] = ["others"]
            keys.write_text(json.dumps({"keys": [_NEW.jwk]}), "utf-8")
            (tmp_path / "authz.yaml").write_text(json.dumps(document), "utf-8")
            _until(lambda: not made.authenticate_sync(token(key=_NEW)))


def test_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file goes with the environment, as in the server; settings in the program do not."""
    (tmp_path / "authz.yaml").write_text(json.dumps(settings()), "utf-8")
    monkeypatch.setenv("AUTHZ_REQUEST_MAX_TOKEN_BYTES", "256")
    with Authenticator.from_file(tmp_path / "authz.yaml") as made:
        assert _reason(made.authenticate_sync(token(more="x" * 256))) is Reason.TOKEN_TOO_LARGE
    with Authenticator(settings()) as made:
        assert made.authenticate_sync(token(more="x" * 256))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Authenticator({}), "issuers"),
        (lambda: Authenticator({"issuers": [], "whatever": 1}), "whatever"),
        (lambda: Authenticator.from_file("/nowhere/authz.yaml"), "/nowhere/authz.yaml"),
        (lambda: Authenticator.from_oidc("not a url", audience="a"), "issuer"),
        (lambda: Authenticator.from_oidc("http://id.example", audience="a"), "https"),
        (lambda: Authenticator.from_oidc("https://id.example", audience=[]), "audiences"),
        (lambda: Authenticator.from_oidc("https://id.example", audience="a", algorithms=["none"]), "none"),
        (lambda: Authenticator.from_auth0("https://tenant.auth0.com", audience="a"), "domain"),
        (lambda: Authenticator.from_auth0("tenant.auth0.com/", audience="a"), "domain"),
        (
            lambda: Authenticator({"issuers": [{"issuer": ISSUER, "audiences": ["a"], "keys": {"file": "no.json"}}]}),
            "no.json",
        ),
    ],
)
def test_wrong_configuration(make: Callable[[], Authenticator], text: str) -> None:
    """What is wrong is said when it is made, with the field."""
    with pytest.raises(ConfigurationError, match=text):
        make()


def test_auth0() -> None:
    """A domain becomes the issuer that its tokens name."""
    made = Authenticator.from_auth0("tenant.eu.auth0.com", audience=["https://api.example", "other"])
    issuer = made._setup.loaded.trust.issuers["https://tenant.eu.auth0.com/"]
    assert issuer.audiences == frozenset({"https://api.example", "other"})
    assert {one.value for one in issuer.algorithms} == {"RS256"}
