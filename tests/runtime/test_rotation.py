"""Which keys came, went and were replaced."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sidecar.core import base64url
from sidecar.core.trust import Trust
from sidecar.keys.hmac_secret import hmac_key
from sidecar.runtime.control.rotation import Change, KeyChange, Rotation, changes
from support.keypairs import pair
from support.trusts import issuer, trust

_NAME = "https://issuer.example"
_SETS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["one", "two"]))


def _trust(keys: dict[str, str]) -> Trust:
    return trust(issuers=[issuer([pair(key_id=key_id, owner=owner).public for key_id, owner in keys.items()])])


@given(_SETS, _SETS)
def test_every_difference_is_one_change(before: dict[str, str], after: dict[str, str]) -> None:
    """By key id: there before, there after, or there with another key."""
    expected = {
        *(KeyChange(_NAME, key_id, Change.ADDED) for key_id in after.keys() - before.keys()),
        *(KeyChange(_NAME, key_id, Change.REMOVED) for key_id in before.keys() - after.keys()),
        *(
            KeyChange(_NAME, key_id, Change.REPLACED)
            for key_id in before.keys() & after.keys()
            if before[key_id] != after[key_id]
        ),
    }
    found = list(changes(_trust(before).issuers, _trust(after).issuers))
    assert set(found) == expected
    assert len(found) == len(expected)


def test_issuers_come_and_go() -> None:
    """The keys of an issuer that is new or gone are added or removed; one without an id goes by its thumbprint."""
    assert [one.change for one in changes({}, _trust({"a": "one"}).issuers)] == [Change.ADDED]
    assert [one.change for one in changes(_trust({"a": "one"}).issuers, {})] == [Change.REMOVED]
    nameless = replace(pair().public, key_id=None)
    (added,) = changes({}, trust(issuers=[issuer([nameless])]).issuers)
    assert added.key_id == base64url.encode(nameless.thumbprint).decode()


def test_secret_is_not_named_by_what_it_is() -> None:
    """Of a secret without a name neither log nor metrics have anything to try guesses against."""
    (added,) = changes({}, trust(issuers=[issuer([hmac_key(b"0123456789abcdef" * 2 + b"xyz", None)])]).issuers)
    assert added.key_id == "secret"


def test_since_when() -> None:
    """A key is there since it came; one that was there from the beginning since nobody knows when."""
    rotation = Rotation()
    steps = [{"a": "one"}, {"a": "one", "b": "one"}, {"a": "two", "b": "one"}, {"b": "one"}]
    for now, (before, after) in enumerate(pairwise(steps)):
        rotation.note(_trust(before), _trust(after), float(now))
    assert rotation.since == {(_NAME, "b"): 0.0}
    assert rotation.counts == {(_NAME, "added"): 1, (_NAME, "replaced"): 1, (_NAME, "removed"): 1}
