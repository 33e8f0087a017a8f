"""No credential in what is told, wherever it stands."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.sent import read_sent
from sidecar.core.source import BEARER, DPOP, Source
from sidecar.core.trust import Trust
from sidecar.decision_log.redaction import Redaction
from sidecar.keys.api_keys import hash_of
from sidecar.loading.key_holders import key_holders
from sidecar.settings.api_keys import ApiKeySettings
from support.proofs import proof
from support.requests import check_request
from support.telling import record
from support.tokens import mint
from support.trusts import issuer, trust

_JWT = mint()
_OPAQUE = "2YotnFZFEjr1zCsicMWpAA"
_KEY = "authz_" + "Kk3" * 14
_PLACES = {
    "bearer": BEARER,
    "dpop": DPOP,
    "header": Source("header", "x-api-key"),
    "scheme": Source("header", "x-token", "token"),
    "cookie": Source("cookie", "session"),
    "query": Source("query", "key"),
}


def _in_force() -> Trust:
    holders = key_holders(ApiKeySettings.model_validate({"file": "unused"}), (_LINE % hash_of(_KEY)).encode())
    return trust(
        issuers=[issuer(sources=frozenset(_PLACES.values())), holders],
        token_headers=("authorization", "x-api-key", "x-token"),
        token_cookies=("session",),
        token_parameters=("key",),
    )


_LINE = '{"hash": "%s", "subject": "batch"}'
_TRUST = _in_force()


@cache
def _proof(token: str) -> str:
    return proof(token)


def _headers(place: str, token: str) -> Mapping[str, str]:
    found = {
        "bearer": {"authorization": f"Bearer {token}"},
        "dpop": {"authorization": f"DPoP {token}", "dpop": _proof(token)},
        "header": {"x-api-key": token},
        "scheme": {"x-token": f"Token {token}"},
        "cookie": {"cookie": f"a=b; session={token}; c=d"},
        "query": {},
        "nowhere": {},
    }
    return found[place]


def _secrets(place: str, token: str) -> list[str]:
    parts = [one for one in (token, *token.split(".")) if len(one) >= 8]
    if place == "dpop":
        parts += _proof(token).split(".")
    return parts


_SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda token: token,
    "cut": lambda token: token[: len(token) * 2 // 3],
    "its end": lambda token: token.rpartition(".")[2],
    "between": lambda token: f"x{token}y",
    "encoded": lambda token: "".join(f"%{ord(one):02x}" for one in token),
    "half encoded": lambda token: quote(token.replace(".", "%2E"), safe="%"),
    "encoded twice": lambda token: quote("".join(f"%{ord(one):02x}" for one in token)),
    "twice": lambda token: f"{token}/{token}",
}


@pytest.mark.parametrize("spelling", _SPELLINGS)
@pytest.mark.parametrize("place", [*_PLACES, "nowhere"])
@pytest.mark.parametrize("token", [_JWT, _OPAQUE, _KEY], ids=["jwt", "opaque", "api key"])
def test_token_in_every_field(token: str, place: str, spelling: str) -> None:
    """Whatever a client puts its token into, besides where it belongs, no part of it is told."""
    if token == _OPAQUE and (place == "nowhere" or spelling == "cut"):
        pytest.skip("nobody can tell it from an identifier")
    if place == "nowhere" and (token, spelling) in {(_KEY, "cut"), (_KEY, "between"), (_JWT, "its end")}:
        pytest.skip("nor that")
    written = _SPELLINGS[spelling](token)
    query = f"?key={token}" if place == "query" else "?x=1"
    asked = check_request(
        path=f"/files/{written}/x{query}",
        host=f"{written}.example",
        method=written[:40],
        headers={
            **_headers(place, token),
            "x-request-id": written[:128],
            "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01",
            "user-agent": written,
        },
        peer=written,
    )
    told = json.dumps(record(asked, _TRUST))
    secrets = _secrets(place, token)
    if spelling == "cut" and token == _KEY:
        secrets = [token]
    for secret in secrets:
        assert secret not in told
        assert "".join(f"%{ord(one):02x}" for one in secret) not in told
    assert "/files/" in told or "***" in told


def test_other_fields_stay_readable() -> None:
    """Only the token goes, where it stands as it is."""
    asked = check_request(path=f"/files/{_OPAQUE}/x", headers={"authorization": f"Bearer {_OPAQUE}"})
    assert record(asked)["path"] == "/files/***/x"
    assert record(check_request(path=f"/files/{_JWT}/x"))["path"] == "/files/***/x"
    assert record(check_request(path="/files/100%25/x"))["path"] == "/files/100%25/x"


@pytest.mark.parametrize(
    "path",
    ["/orders/42", "/eyewear/eyelash-curler-2024.v2", "/users/0191e7c4-5a1b-7c3d-9e2f-112233445566", "/a.b.c/d-e_f~g"],
)
def test_plain_paths(path: str) -> None:
    """Identifiers of all kinds are told."""
    asked = check_request(path=path, headers={"authorization": f"Bearer {_JWT}", "cookie": "session=abcdefgh"})
    assert record(asked, _TRUST)["path"] == path


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/a;jsessionid=0123456789", "/a;jsessionid=***"),
        ("/a;v=1", "/a;v=1"),
        ("/go/https://bob:hunter2@host/x", "/go/https://***@host/x"),
        ("/a%3Faccess_token=0123456789", "***"),
    ],
)
def test_secrets_of_others(path: str, shown: str) -> None:
    """So are sessions and passwords that a path may have, encoded or not."""
    assert record(check_request(path=path))["path"] == shown


def test_proxy_authorization() -> None:
    """What is for a proxy is no concern of ours, and no less secret."""
    asked = check_request(path="/x/c2VjcmV0OnNlY3JldA", headers={"proxy-authorization": "Basic c2VjcmV0OnNlY3JldA=="})
    assert record(asked)["path"] == "/x/***"


@given(st.text(st.sampled_from("e y.-_~%2Ewo/@:;=&?J"), max_size=3000), st.integers(8, 1024))
def test_any_text(text: str, most: int) -> None:
    """Whatever a client writes, what is told of it is no longer than it may be, and stays as it is a second time."""
    redaction = Redaction(read_sent(check_request()), _TRUST)
    shown = redaction.text(text, most)
    assert len(shown) <= most
    assert redaction.text(shown, most) == shown


@pytest.mark.parametrize(
    "text", ["://", "ey-", "eyJ", "%65", "%3F", ";a", "?", "e.", "%25", "ey.", "a;b=", "@", "://@ "]
)
def test_long_texts(text: str) -> None:
    """No text of a client's takes more work than its length: a quadratic one would hold up the test."""
    asked = check_request(headers={"authorization": ",".join(["abcdefgh"] * 6000)})
    redaction = Redaction(read_sent(asked), replace(_TRUST))
    for _ in range(20):
        assert len(redaction.text(text * (60_000 // len(text)), 1024)) <= 1024
