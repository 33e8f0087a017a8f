"""What happens between asking for a signature and hearing about it."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from sidecar.core.check import Checker
from sidecar.core.needs import Decided, Step, Verdict, Verify
from sidecar.core.reason import Reason
from sidecar.core.trust import Trust
from support.checks import finish, pending, verdict
from support.keypairs import pair
from support.requests import with_token
from support.tokens import NOW, claims, mint
from support.trusts import ALLOW_ALL, issuer, policy_set, trust

_TRUST = trust()
_RAW = with_token(mint())


def _reason(step: Step) -> Reason:
    assert isinstance(step, Decided)
    return step.decision.reason


def _changing(*trusts: Trust) -> Callable[[], Trust]:
    upcoming: Iterator[Trust] = iter(trusts)
    return lambda: next(upcoming)


def _begin(*trusts: Trust) -> Verify:
    step = Checker(_changing(*trusts)).begin(_RAW, NOW)
    assert isinstance(step, Verify)
    return step


def test_good() -> None:
    """A good verdict allows."""
    need = pending(_RAW, _TRUST)
    assert _reason(need.resume(verdict(need), NOW)) is Reason.ALLOWED


def test_bad() -> None:
    """A bad verdict is a bad signature."""
    need = pending(_RAW, _TRUST)
    assert _reason(need.resume(replace(verdict(need), valid=False), NOW)) is Reason.BAD_SIGNATURE


@pytest.mark.parametrize("valid", [1, "true", [True], object, None, 0, "", 1.0], ids=repr)
def test_only_true_is_true(valid: object) -> None:
    """A verdict that is merely truthy is not believed."""
    need = pending(_RAW, _TRUST)
    odd = Verdict(need.token_digest, need.trust_digest, valid)  # type: ignore[arg-type]
    assert _reason(need.resume(odd, NOW)) is Reason.BAD_SIGNATURE


@pytest.mark.parametrize("field", ["token_digest", "trust_digest"])
@pytest.mark.parametrize("digest", [b"", bytes(32), b"x" * 33])
def test_verdict_for_something_else(field: str, digest: bytes) -> None:
    """A verdict for another token or Trust is a fault of ours, and denies."""
    need = pending(_RAW, _TRUST)
    stray = replace(verdict(need), **{field: digest})  # type: ignore[arg-type]
    assert _reason(need.resume(stray, NOW)) is Reason.INTERNAL_ERROR


def test_verdict_for_a_prefix_of_the_digest() -> None:
    """Digests are compared in full."""
    need = pending(_RAW, _TRUST)
    short = Verdict(need.token_digest[:31], need.trust_digest, valid=True)
    assert _reason(need.resume(short, NOW)) is Reason.INTERNAL_ERROR


def test_verdict_for_the_same_token_and_another_request() -> None:
    """A verdict is about the token: it serves any request with that token, each held against policy by itself."""
    rules = [{"to": [{"operation": {"paths": ["/a"]}}]}]
    only_a = trust(policy_set([{"name": "a", "action": "allow", "rules": rules}]))
    first, second = (pending(with_token(mint(), path=path), only_a) for path in ("/a", "/b"))
    assert _reason(first.resume(verdict(second), NOW)) is Reason.ALLOWED
    assert _reason(second.resume(verdict(first), NOW)) is Reason.NO_POLICY_ALLOWS


def test_time_passes() -> None:
    """A token that expires while its signature is checked is expired."""
    need = pending(with_token(mint(claims(exp=int(NOW) + 10))), _TRUST)
    assert _reason(need.resume(verdict(need), NOW + 39)) is Reason.ALLOWED
    assert _reason(need.resume(verdict(need), NOW + 40)) is Reason.TOKEN_EXPIRED


def test_time_goes_back() -> None:
    """A token that is not valid yet after the wait is not valid yet."""
    need = pending(with_token(mint(claims(nbf=int(NOW)))), _TRUST)
    assert _reason(need.resume(verdict(need), NOW - 31)) is Reason.TOKEN_NOT_YET_VALID


def test_trust_changed_to_one_without_the_key() -> None:
    """A good verdict counts for nothing once the key is gone: the check begins anew, and ends there."""
    other = trust(issuers=[issuer([pair(owner="other", key_id="other").public])])
    need = _begin(_TRUST, other, other)
    assert _reason(need.resume(verdict(need), NOW)) is Reason.UNKNOWN_KEY


def test_trust_changed_to_one_that_wants_the_same_key() -> None:
    """Under another Trust the signature is asked for again, with that Trust's digest."""
    other = trust(max_token_bytes=9000)
    need = _begin(_TRUST, other, other, other)
    again = need.resume(verdict(need), NOW)
    assert isinstance(again, Verify)
    assert again.trust_digest == other.digest
    assert _reason(again.resume(verdict(need), NOW)) is Reason.INTERNAL_ERROR


def test_trust_changed_to_one_that_denies() -> None:
    """The policy in force at the end decides."""
    deny = trust(policy_set([*ALLOW_ALL, {"name": "no", "action": "deny", "rules": [{}]}]))
    need = _begin(_TRUST, deny, deny, deny)
    assert finish(need).decision.reason is Reason.DENIED_BY_POLICY


def test_trust_changed_to_one_that_makes_it_public() -> None:
    """Under a Trust that makes the path public the check is over, without identity, even if the signature was bad."""
    public = trust(policy_set(public=[{"paths": ["/*"]}]))
    need = _begin(_TRUST, public, public)
    step = need.resume(replace(verdict(need), valid=False), NOW)
    assert _reason(step) is Reason.PUBLIC_PATH


def test_trust_replaced_by_an_equal_one() -> None:
    """A Trust of the same content is the same Trust."""
    need = _begin(_TRUST, trust())
    assert _reason(need.resume(verdict(need), NOW)) is Reason.ALLOWED


def test_unsafe_identity_after_the_wait() -> None:
    """What is found out while the response is written is a denial, too."""
    need = pending(with_token(mint(claims(sub="a\nb"))), _TRUST)
    assert _reason(need.resume(verdict(need), NOW)) is Reason.UNSAFE_IDENTITY
