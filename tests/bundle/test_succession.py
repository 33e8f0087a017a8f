"""Which bundle may follow which."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.bundle.message import Bundle, BundleError, read_unverified, sign
from sidecar.bundle.succession import Wanted, require
from sidecar.core.strict_json import Json
from sidecar.keys.signing import generate
from support.bundles import ISSUED, allow, content

_KEY = generate()
_WANTED = Wanted("orders", 3)


def _bundle(version: int, path: str = "/a", **changes: Json) -> Bundle:
    return read_unverified(sign(content(version, allow(path), **changes), _KEY))


@pytest.mark.parametrize(
    ("bundle", "before", "message"),
    [
        (_bundle(5, bundle="payments"), None, "is called 'payments', and 'orders' is wanted"),
        (_bundle(2), None, "min_version is 3"),
        (_bundle(4), _bundle(5), "older than 5"),
        (_bundle(5, "/b"), _bundle(5), "another content than that had before"),
        (_bundle(5, expires_at=ISSUED + 10), None, "expired 10 s ago"),
        (_bundle(5, expires_at=ISSUED + 20), _bundle(5, expires_at=ISSUED + 20), "expired 0 s ago"),
    ],
)
def test_refused(bundle: Bundle, before: Bundle | None, message: str) -> None:
    """With the reason."""
    with pytest.raises(BundleError, match=message):
        require(bundle, _WANTED, before, ISSUED + 20.0)


def test_taken() -> None:
    """A first one, a newer one, and the same once more."""
    for before in (None, _bundle(3), _bundle(5)):
        require(_bundle(5), _WANTED, before, ISSUED)
    require(_bundle(5, expires_at=ISSUED + 21), _WANTED, None, ISSUED + 20.0)


@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from(["/a", "/b"])), max_size=20))
def test_never_back(offered: list[tuple[int, str]]) -> None:
    """Whatever comes in whatever order: versions only grow, and each has one content."""
    force: Bundle | None = None
    contents: dict[int, bytes] = {}
    for version, path in offered:
        bundle = _bundle(version, path)
        try:
            require(bundle, Wanted("orders", 1), force, ISSUED)
        except BundleError:
            continue
        assert force is None or bundle.version >= force.version
        assert contents.setdefault(version, bundle.digest) == bundle.digest
        force = bundle
