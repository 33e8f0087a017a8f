"""The dictionary of identities in front."""

from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.cache import Known
from sidecar.engine.local_cache import LocalCache


def test_least_recently_used_goes_first() -> None:
    """Where there is no more room, the credential that was used longest ago is forgotten."""
    cache, alice = LocalCache(2), Known(None)
    for credential in ("a", "b"):
        cache.remember(credential, alice)
    assert cache.recall("a") is alice
    cache.remember("c", alice)
    assert [cache.recall(credential) is alice for credential in "abc"] == [True, False, True]
    assert (cache.counts.hits, cache.counts.misses, cache.counts.evictions) == (3, 1, 1)


def test_capacity_of_nothing_remembers_nothing() -> None:
    """Capacity 0 switches it off."""
    cache = LocalCache(0)
    cache.remember("a", Known(None))
    assert cache.recall("a") is None


@given(st.lists(st.tuples(st.booleans(), st.text(max_size=1))), st.integers(1, 5))
def test_never_another_s_identity_and_never_too_many(steps: list[tuple[bool, str]], capacity: int) -> None:
    """Whatever is put and asked for, an answer is what was put last for that text, and there is never too much."""
    cache, model = LocalCache(capacity), {}
    for write, credential in steps:
        if write:
            model[credential] = Known(None)
            cache.remember(credential, model[credential])
        found = cache.recall(credential)
        assert found is None or found is model[credential]
        assert not write or found is not None
        assert len(cache) <= capacity
