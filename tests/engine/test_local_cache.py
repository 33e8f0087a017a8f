"""The dictionary of identities in front."""

from collections import Counter, OrderedDict

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


@given(st.lists(st.tuples(st.sampled_from(["put", "ask", "used"]), st.sampled_from("abcd"))), st.integers(0, 3))
def test_what_was_used_since_the_last_look(steps: list[tuple[str, str]], capacity: int) -> None:
    """All that was remembered or recalled since then and is still there, and nothing else; nor is there less room."""
    cache, model = LocalCache(capacity), OrderedDict[str, Known]()
    used = set[str]()
    for what, credential in steps:
        if what == "used":
            assert Counter(map(id, cache.used())) == Counter(id(model[one]) for one in used)
            used.clear()
        elif what == "put":
            model[credential] = Known(None)
            cache.remember(credential, model[credential])
            used.add(credential)
        else:
            assert cache.recall(credential) is model.get(credential)
            used |= {credential} & model.keys()
        if what != "used" and credential in model:
            model.move_to_end(credential)
        while len(model) > capacity:
            used.discard(model.popitem(last=False)[0])
        assert len(cache) == len(model)
