"""Masking: what is secret is not shown, what is not is."""

from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.observe.masking import MASK, masked

PEM = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----"
TOKEN = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2ln"


class Mode(StrEnum):
    """An enum, as pydantic's dump in Python's types has them."""

    REJECT = "reject"


NAMES = [
    *(
        "secret",
        "clientSecret",
        "client_secret",
        "CLIENT_SECRET",
        "client-secret",
        "secrets",
        "secret_id",
        "secret2key",
    ),
    *("token", "bearer_token", "accessToken", "token_value", "tokens_by_name", "password", "db_password", "dbpassword"),
    *("passphrase", "key", "api_key", "apiKey", "APIKey", "apikey", "hmacKey", "signing_keys", "jwk", "private", "pin"),
    *("credentials", "Authorization", "session_cookie"),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["hunter2", 1234, 0.5, b"hunter2", ["hunter2"], [["hunter2"]], ("hunter2",)])
def test_value_with_secret_name_is_masked(name: str, value: object) -> None:
    """Whatever the spelling of the name and the type of the value."""
    assert "hunter2" not in str(masked({name: value}))
    assert "1234" not in str(masked({name: value}))
    assert MASK in str(masked({name: value}))


@pytest.mark.parametrize("name", ["secrets", "tokens", "credentials", "password"])
def test_all_below_a_secret_name_is_masked(name: str) -> None:
    """A mapping of secrets has names of anybody's choice."""
    assert masked({name: {"file": "hunter2", "more": [{"a": 1}]}}) == {name: {"file": MASK, "more": [{"a": MASK}]}}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bearer_token_file", "/run/secrets/token"),
        ("max_token_bytes", 8192),
        ("token_types", ["JWT", "at+jwt"]),
        ("key_file", "/run/tls/tls.key"),
        ("forward_token", True),
        ("token", None),
        ("password", ""),
        ("monkey", "banana"),
        ("keyboard", "qwerty"),
        ("issuer", "https://issuer.example/realms/a"),
        ("listen", "unix:@name"),
        ("url", "https://example.org/?page=2"),
        ("ratio", 0.5),
    ],
)
def test_what_is_no_secret_is_shown(name: str, value: object) -> None:
    """What is only about a secret, and what only sounds like one, is shown; so is whether one is there at all."""
    assert masked({name: value}) == {name: value}


def test_key_set_is_shown_without_private_parts() -> None:
    """Of a JWK Set the public parts are shown, the private ones are not."""
    private = {"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "public", "d": "private"}
    shown = masked({"issuers": [{"keys": {"jwks": {"keys": [private, {"kty": "oct", "k": "private"}]}}}]})
    assert "private" not in str(shown)
    assert shown == {"issuers": [{"keys": {"jwks": {"keys": [private | {"d": MASK}, {"kty": "oct", "k": MASK}]}}}]}


def test_key_source_is_shown() -> None:
    """Where keys come from is no secret."""
    assert masked({"keys": {"file": "jwks.json"}}) == {"keys": {"file": "jwks.json"}}


def test_attribute_of_a_condition_is_shown() -> None:
    """Istio calls the attribute that a condition looks at "key"."""
    document = {"policies": [{"rules": [{"when": [{"key": "request.auth.claims[groups]", "values": ["a"]}]}]}]}
    assert masked(document) == document
    assert masked(document, plain=()) != document


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:hunter2@host/path", f"https://{MASK}@host/path"),
        ("https://hunter2@host", f"https://{MASK}@host"),
        ("redis://:hunter2@host:1/0 and http://a:hunter2@b", f"redis://{MASK}@b"),
        ("https://user:hun/ter2@host/", f"https://{MASK}@host/"),
        ("https://user:hunter2@hunter2@host/", f"https://{MASK}@host/"),
        ("https://host/?access_token=hunter2&page=2", f"https://host/?access_token={MASK}&page=2"),
        ("https://host/?a=1&sig=hunter2#x", f"https://host/?a=1&sig={MASK}#x"),
    ],
)
def test_secrets_in_urls_are_masked(url: str, shown: str) -> None:
    """Userinfo and secret parameters are masked, the rest of the URL is shown."""
    found = str(masked({"upstream": [url]})["upstream"])
    assert "hunter2" not in found
    assert "ter2" not in found
    if " and " not in url:
        assert masked({"upstream": url}) == {"upstream": shown}


@pytest.mark.parametrize("text", [PEM, TOKEN, f"Bearer {TOKEN}", f"  {PEM}"])
def test_what_looks_secret_is_masked(text: str) -> None:
    """Private keys and tokens are masked under any name, in lists too."""
    assert masked({"note": text, "notes": [text]}) == {"note": MASK, "notes": [MASK]}


def test_enums_are_shown_by_value() -> None:
    """The result is what JSON can write."""
    assert masked({"mode": Mode.REJECT, "modes": (Mode.REJECT,)}) == {"mode": "reject", "modes": ["reject"]}


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


@given(TREES, st.sampled_from(["secret", "token", "password"]), st.text(max_size=5))
def test_no_secret_gets_out_from_below(tree: object, name: str, innocent: str) -> None:
    """However a secret is wrapped, it is not shown; and masking twice is masking once."""
    shown = masked({"a": [{name: [tree, {innocent: "hunter2"}]}]})
    assert "hunter2" not in str(shown)
    assert masked(shown) == shown
