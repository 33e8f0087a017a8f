"""Headers that would make the upstream act on another request than the one that was decided on."""

import pytest

from sidecar.core.headers_read import OVERRIDE_HEADERS
from support.checks import decide
from support.requests import check_request, with_token
from support.tokens import claims, mint
from support.trusts import policy_set, trust

PUBLIC = policy_set(public=[{"paths": ["/*"]}])


@pytest.mark.parametrize("name", sorted(OVERRIDE_HEADERS))
def test_override_is_removed(name: str) -> None:
    """Each override header that was sent is removed, with and without an identity."""
    assert name in decide(with_token(mint(), headers={name: "DELETE"}), trust()).removed
    assert name in decide(check_request(headers={name: "DELETE"}), trust(PUBLIC)).removed


def test_override_may_be_kept() -> None:
    """Who needs such a header can have it."""
    kept = trust(strip_override_headers=False)
    assert "x-http-method" not in decide(with_token(mint(), headers={"x-http-method": "DELETE"}), kept).removed


@pytest.mark.parametrize("name", ["x.auth.subject", "x~auth~subject", "x'auth'subject", "x!auth.subject"])
def test_other_look_alikes_are_removed(name: str) -> None:
    """What PHP and others fold into an identity header's name is removed."""
    assert name in decide(with_token(mint(), headers={name: "root"}), trust()).removed


def test_token_is_removed_from_public_requests_too() -> None:
    """Where tokens are not forwarded, one that nobody looked at is not forwarded either."""
    answer = decide(with_token("a.b.c"), trust(PUBLIC, forward_token=False))
    assert answer.allowed
    assert "authorization" in answer.removed


def test_large_integers_reach_the_metadata_exactly() -> None:
    """An integer that a double would round is sent as text."""
    token = mint(claims(uid=[2**53 + 1, 2**53 - 1]))
    metadata = decide(with_token(token), trust(metadata_claims=("uid",))).metadata
    assert metadata["claims"]["uid"] == [str(2**53 + 1), 2**53 - 1]
