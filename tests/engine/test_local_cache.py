"""The dictionary of identities in front."""

from hypothesis import given
from hypothesis import strategies as st

from sidecar.engine.local_cache import LocalCache
from support.identities import identity
from support.tokens import NOW
from support.trusts import trust

TRUST = trust()


def test_least_recently_used_goes_first() -> None:
    """Where there is no more room, the token that was used longest ago is forgotten."""
    cache, alice = LocalCache(2), identity()
    for token in (b"a", b"b"):
        cache.put(token, alice, NOW)
    assert cache.get(b"a", TRUST, NOW) is alice
    cache.put(b"c", alice, NOW)
    assert [cache.get(token, TRUST, NOW) is alice for token in (b"a", b"b", b"c")] == [True, False, True]


def test_capacity_of_nothing_remembers_nothing() -> None:
    """Capacity 0 switches it off."""
    cache = LocalCache(0)
    cache.put(b"a", identity(), NOW)
    assert cache.get(b"a", TRUST, NOW) is None


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=1))), st.integers(1, 5))
def test_never_another_s_identity_and_never_too_many(steps: list[tuple[bool, bytes]], capacity: int) -> None:
    """Whatever is put and asked for, an answer is what was put last for that token, and there is never too much."""
    cache, model = LocalCache(capacity), {}
    for number, (write, token) in enumerate(steps):
        if write:
            model[token] = identity(sub=f"user-{number}")
            cache.put(token, model[token], NOW)
        found = cache.get(token, TRUST, NOW)
        assert found is None or found is model[token]
        assert not write or found is not None
        assert len(cache) <= capacity
