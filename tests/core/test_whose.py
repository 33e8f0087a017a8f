"""Whose token a check was about, for metrics and logs: the name of an issuer of the configuration, or nobody's."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.check import Checker
from sidecar.core.needs import Decided
from sidecar.core.reason import Reason
from sidecar.core.trust import Trust
from sidecar.engine.shared_cache import SharedTokenCache
from sidecar.memory.cache import SharedCache
from sidecar.memory.segment import create
from sidecar.observe.checks import labels_of
from support.checks import finish
from support.keypairs import pair
from support.requests import check_request, with_token
from support.tokens import ABSENT, ISSUER, NOW, claims, forge_payload, mint
from support.trusts import issuer, policy_set, trust

OTHER = "https://other.example"
STRANGER = pair(owner="stranger")
POLICIES = [
    {
        "name": "gone",
        "action": "deny",
        "rules": [{"when": [{"key": "request.auth.claims[tenant]", "values": ["gone"]}]}],
    },
    {
        "name": "orders",
        "action": "allow",
        "scopes": ["read"],
        "rules": [{"to": [{"operation": {"paths": ["/orders"]}}]}],
    },
]
TRUST = trust(policy_set(POLICIES), [issuer(), issuer(issuer=OTHER, required_claims=frozenset({"sub", "jti"}))])
DRY = replace(TRUST, policy=replace(TRUST.policy, dry_run=True))


@pytest.fixture
def checker() -> Iterator[Checker]:
    """Give a checker that remembers refusals."""
    with create(1 << 20) as segment:
        yield Checker(lambda: TRUST, SharedTokenCache(SharedCache(segment, 7), bytes(32)))


def ended(checker: Checker, raw: bytes) -> Decided:
    """Take a check to its end."""
    return finish(checker.begin(raw, NOW))


def told(raw: bytes, in_force: Trust = TRUST) -> tuple[str, ...]:
    """Return reason, issuer and policy as they are counted."""
    return labels_of(ended(Checker(lambda: in_force), raw))[1:]


@pytest.mark.parametrize(
    ("token", "reason", "whose"),
    [
        (mint(claims(exp=1)), Reason.TOKEN_EXPIRED, ISSUER),
        (mint(claims(nbf=NOW + 900)), Reason.TOKEN_NOT_YET_VALID, ISSUER),
        (mint(claims(aud="elsewhere")), Reason.WRONG_AUDIENCE, ISSUER),
        (mint(claims(iss=OTHER)), Reason.CLAIM_MISSING, OTHER),
        (mint(claims(), typ="dpop+jwt"), Reason.WRONG_TOKEN_TYPE, ISSUER),
        (mint(key=STRANGER), Reason.BAD_SIGNATURE, ISSUER),
        (mint(kid="key-9"), Reason.UNKNOWN_KEY, ISSUER),
        (mint(claims(iss="https://nobody.example")), Reason.UNKNOWN_ISSUER, ""),
        (mint(claims(iss=ABSENT)), Reason.CLAIM_MISSING, ""),
        (forge_payload({"iss": [ISSUER]}), Reason.CLAIM_INVALID, ""),
        ("no.token.atall", Reason.TOKEN_MALFORMED, ""),
    ],
)
def test_of_a_token_that_is_refused(checker: Checker, token: str, reason: Reason, whose: str) -> None:
    """As far as it was looked into, whether it is looked into now or was before, and in global dry run as well."""
    for _ in range(2):
        assert labels_of(ended(checker, with_token(token))) == ("denied", reason, whose, "")
    assert labels_of(ended(Checker(lambda: DRY), with_token(token))) == ("would_deny", reason, whose, "")


def test_of_a_request_that_policy_decides_on() -> None:
    """The identity's, beside the policy that decided; where none did there is none."""
    assert told(with_token(mint(claims(scope="read")))) == ("allowed", ISSUER, "orders")
    assert told(with_token(mint(claims(iss=OTHER, jti="1", scope="read")))) == ("allowed", OTHER, "orders")
    assert told(with_token(mint(claims(tenant="gone")))) == ("denied_by_policy", ISSUER, "gone")
    assert told(with_token(mint())) == ("insufficient_scope", ISSUER, "orders")
    assert told(with_token(mint(), path="/other")) == ("no_policy_allows", ISSUER, "")
    assert told(with_token(mint(claims(tenant="gone"))), DRY) == ("denied_by_policy", ISSUER, "gone")


def test_of_a_request_that_has_no_token() -> None:
    """Nobody's; and so is what is refused before its token is looked for."""
    assert told(check_request()) == ("no_credential", "", "")
    assert told(with_token(mint(), path="//")) == ("path_not_normal", "", "")
    assert told(b"\xff") == ("unreadable_request", "", "")


_TEXTS = st.text(max_size=50) | st.sampled_from([ISSUER, OTHER, f"{ISSUER}/", ISSUER.upper(), "orders", "gone"])


@given(iss=_TEXTS, tenant=_TEXTS, subject=_TEXTS, path=_TEXTS, scope=_TEXTS)
def test_nobody_makes_a_name(iss: str, tenant: str, subject: str, path: str, scope: str) -> None:
    """Whatever a caller sends, well signed or not, names are those of the configuration: no caller makes a series."""
    payload = claims(iss=iss, tenant=tenant, sub=subject, scope=scope, jti="1")
    for token in (mint(payload), mint(payload, STRANGER)):
        for in_force in (TRUST, DRY):
            _, whose, policy = told(with_token(token, path=f"/{path}"), in_force)
            assert whose in ("", ISSUER, OTHER)
            assert policy in ("", "orders", "gone")
