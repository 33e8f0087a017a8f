"""API keys: whom they stand for, until when, and from where they are taken."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.check import Checker
from sidecar.core.needs import Decided
from sidecar.core.source import BEARER, Source
from sidecar.core.trust import Trust
from sidecar.engine.local_cache import LocalCache
from sidecar.keys.api_keys import hash_of
from sidecar.loading.key_holders import key_holders
from sidecar.settings.api_keys import ApiKeySettings
from support.answers import Answer, read_answer
from support.checks import decide
from support.requests import check_request, with_token
from support.tokens import NOW, claims, mint
from support.trusts import issuer, policy_set, trust

KEY, OTHER = "authz_" + "Kk3" * 14, "authz_" + "Oo7" * 14
LINE = '{"hash": "%s", "subject": "batch", "scopes": ["write", "read"], "claims": {"tenant": "acme"}}'


def holders(document: str = LINE % hash_of(KEY), **settings: object) -> Trust:
    """Return a trust in the usual issuer, and in the keys of a document."""
    keys = key_holders(ApiKeySettings.model_validate({"file": "unused", **settings}), document.encode())
    allow = {"name": "all", "action": "allow", "rules": [{}]}
    return trust(policy_set([allow]), [issuer(), keys])


def ask(key: str, in_force: Trust, now: float = NOW, header: str = "x-api-key") -> Answer:
    """Check a key; it never needs anything from outside."""
    step = Checker(lambda: in_force).begin(check_request(headers={header: key}), now)
    assert isinstance(step, Decided)
    return read_answer(step.response)


def test_known_key() -> None:
    """A key speaks for its subject, with its scopes and claims."""
    answer = ask(KEY, holders())
    assert (answer.header("x-auth-subject"), answer.header("x-auth-issuer")) == ("batch", "api-keys")
    assert answer.header("x-auth-scopes") == "read write"


@pytest.mark.parametrize("key", [OTHER, KEY[:-1], KEY + "A", KEY.lower(), "short", hash_of(KEY)[7:]])
def test_unknown_key(key: str) -> None:
    """Any other key, and the hash of one, is unknown."""
    assert ask(key, holders()).reason == "unknown_api_key"


def test_short_key_is_unknown_though_it_is_listed() -> None:
    """What somebody made up is no key, whoever listed its hash."""
    assert ask("letmein", holders(LINE % hash_of("letmein"))).reason == "unknown_api_key"


@pytest.mark.parametrize(("later", "reason"), [(-0.1, "allowed"), (0, "token_expired"), (math.nan, "token_expired")])
def test_expiry(later: float, reason: str) -> None:
    """A key ends at its time, to the moment."""
    document = f'{{"hash": "{hash_of(KEY)}", "subject": "a", "expires": "2027-01-01T00:00:00Z"}}'
    assert ask(KEY, holders(document), 1_798_761_600 + later).reason == reason


def test_policy_sees_principal_and_claims() -> None:
    """Policies look at a key's principal and claims as at a token's."""
    source = {"source": {"requestPrincipals": ["api-keys/batch"]}}
    rule = {"from": [source], "when": [{"key": "request.auth.claims[tenant]", "values": ["acme"]}]}
    keys = key_holders(ApiKeySettings.model_validate({"file": "f"}), (LINE % hash_of(KEY)).encode())
    one = trust(policy_set([{"name": "batch", "action": "allow", "rules": [rule]}]), [issuer(), keys])
    assert ask(KEY, one).allowed
    assert decide(with_token(mint()), one).reason == "no_policy_allows"


def test_tokens_and_keys_in_one_header() -> None:
    """Where both come in Authorization, a JWT is a JWT and a key is a key."""
    one = holders(credentials=[{"header": {}}])
    assert ask(f"Bearer {KEY}", one, header="authorization").header("x-auth-subject") == "batch"
    assert decide(with_token(mint()), one).header("x-auth-subject") == "alice"
    assert ask(f"Bearer {OTHER}", one, header="authorization").reason == "unknown_api_key"


def test_key_from_elsewhere() -> None:
    """A key in a bearer token's place is none, nor is a token in a key's."""
    assert decide(with_token(KEY), holders()).reason == "token_malformed"
    assert decide(check_request(headers={"x-api-key": mint()}), holders()).reason == "wrong_source"


def test_token_that_names_the_keys_as_issuer() -> None:
    """A token never speaks for a key's subject."""
    assert decide(with_token(mint(claims(iss="api-keys"))), holders()).reason == "algorithm_not_allowed"


def test_removed_key_is_refused_at_once_and_others_go_on() -> None:
    """A key that is taken off the list takes its identity with it; one that is added takes none."""
    both = holders(f"{LINE % hash_of(KEY)}\n{LINE % hash_of(OTHER)}")
    in_force = [both]
    cache = LocalCache(10)
    checker = Checker(lambda: in_force[0], recent=cache)

    def again(key: str) -> Answer:
        step = checker.begin(check_request(headers={"x-api-key": key}), NOW)
        assert isinstance(step, Decided)
        return read_answer(step.response)

    assert again(KEY).allowed
    assert again(OTHER).allowed
    in_force[0] = holders()
    before = cache.counts.hits
    assert again(KEY).allowed
    assert cache.counts.hits == before + 1
    assert again(OTHER).reason == "unknown_api_key"
    in_force[0] = holders("")
    assert again(KEY).reason == "unknown_api_key"


def test_changed_scopes_count_at_once() -> None:
    """A key whose line changes is looked at anew."""
    in_force = [holders()]
    checker = Checker(lambda: in_force[0], recent=LocalCache(10))

    def scopes() -> str | None:
        step = checker.begin(check_request(headers={"x-api-key": KEY}), NOW)
        assert isinstance(step, Decided)
        return read_answer(step.response).header("x-auth-scopes")

    assert scopes() == "read write"
    in_force[0] = holders(f'{{"hash": "{hash_of(KEY)}", "subject": "batch"}}')
    assert scopes() is None


def test_places() -> None:
    """Keys come in x-api-key unless told otherwise."""
    assert holders().sources == {BEARER, Source("header", "x-api-key")}


@given(st.text(st.characters(codec="ascii"), max_size=80))
def test_any_text(text: str) -> None:
    """No text but a key lets anybody in."""
    assert not ask(text, holders()).allowed
