"""Which key checks a token: the one it names, or the only one that could; never a second try."""

import pytest

from sidecar.core.algorithm import Algorithm
from sidecar.core.keys import KeySet, VerificationKey, key_set
from sidecar.core.reason import Reason, Refusal


def _key(key_id: str | None, *algorithms: Algorithm) -> VerificationKey:
    return VerificationKey(
        key_id, frozenset(algorithms or {Algorithm.EDDSA}), repr((key_id, algorithms)).encode(), b"t"
    )


_A, _B = _key("a"), _key("b")
_ES, _RSA = _key("es", Algorithm.ES256), _key("rsa", Algorithm.RS256, Algorithm.PS256)
_NAMELESS = _key(None)


def _reason(keys: KeySet, algorithm: Algorithm, key_id: str | None) -> Reason:
    with pytest.raises(Refusal) as refused:
        keys.select(algorithm, key_id)
    return refused.value.reason


@pytest.mark.parametrize(
    ("algorithm", "key_id", "chosen"),
    [
        (Algorithm.EDDSA, "a", _A),
        (Algorithm.EDDSA, "b", _B),
        (Algorithm.ES256, "es", _ES),
        (Algorithm.PS256, "rsa", _RSA),
        (Algorithm.ES256, None, _ES),
        (Algorithm.RS256, None, _RSA),
    ],
)
def test_chosen(algorithm: Algorithm, key_id: str | None, chosen: VerificationKey) -> None:
    """A ``kid`` chooses its key; without one the only key for the algorithm is chosen."""
    assert key_set([_A, _B, _ES, _RSA]).select(algorithm, key_id) is chosen


@pytest.mark.parametrize(
    ("algorithm", "key_id", "reason"),
    [
        (Algorithm.EDDSA, None, Reason.UNKNOWN_KEY),  # two would do
        (Algorithm.ES384, None, Reason.UNKNOWN_KEY),  # none would do
        (Algorithm.EDDSA, "c", Reason.UNKNOWN_KEY),
        (Algorithm.EDDSA, "A", Reason.UNKNOWN_KEY),
        (Algorithm.EDDSA, "", Reason.UNKNOWN_KEY),
        (Algorithm.EDDSA, "a ", Reason.UNKNOWN_KEY),
        (Algorithm.ES256, "a", Reason.ALGORITHM_NOT_ALLOWED),
        (Algorithm.RS512, "rsa", Reason.ALGORITHM_NOT_ALLOWED),
    ],
)
def test_not_chosen(algorithm: Algorithm, key_id: str | None, reason: Reason) -> None:
    """No key is chosen where none or several would do, or where the named one is for another algorithm."""
    assert _reason(key_set([_A, _B, _ES, _RSA]), algorithm, key_id) is reason


def test_named_key_is_not_replaced_by_a_nameless_one() -> None:
    """A ``kid`` that no key has does not fall back to the only key."""
    assert _reason(key_set([_NAMELESS]), Algorithm.EDDSA, "a") is Reason.UNKNOWN_KEY
    assert key_set([_NAMELESS]).select(Algorithm.EDDSA, None) is _NAMELESS


def test_no_keys() -> None:
    """An empty key set says nothing about any token: it is the issuer's keys that are missing, not the token's."""
    for key_id in (None, "a"):
        assert _reason(key_set([]), Algorithm.EDDSA, key_id) is Reason.KEYS_UNAVAILABLE


def test_duplicate_key_id() -> None:
    """Two keys of one id make no key set, since either might be meant; several without id do."""
    with pytest.raises(ValueError, match="twice"):
        key_set([_A, _key("a", Algorithm.ES256)])
    assert len(key_set([_NAMELESS, _key(None, Algorithm.ES256)]).keys) == 2


def test_digest_names_the_content() -> None:
    """The digest is the same in any order of the keys, and another with any other key, id or algorithm."""
    sets = [[_A, _B], [_A], [_A, _key("b", Algorithm.ES256)], [_A, _key("c")], []]
    assert key_set([_A, _B]).digest == key_set([_B, _A]).digest
    assert len({key_set(keys).digest for keys in sets}) == len(sets)
