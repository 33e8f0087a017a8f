"""Which bundle may follow which."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.bundle.message import Bundle, BundleError, read_bundle, sign
from sidecar.bundle.succession import Signed, Wanted, believed, require, with_signed
from sidecar.core.strict_json import Json
from sidecar.keys.jwks import read_jwks
from sidecar.keys.signing import generate, key_set_document
from support.bundles import ISSUED, allow, content

_KEYS = [generate("a"), generate("b")]
_BELIEVED = read_jwks(key_set_document(_KEYS).encode()).keys
_THUMBPRINTS = [key.thumbprint for key in _BELIEVED.keys]
_WANTED = Wanted("orders", 3)


def _bundle(version: int, path: str = "/a", signer: int = 0, **changes: Json) -> Bundle:
    return read_bundle(sign(content(version, allow(path), **changes), _KEYS[signer]), _BELIEVED)


def _after(before: Bundle | None) -> tuple[Signed, ...]:
    return () if before is None else with_signed((), before)


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
        require(bundle, _WANTED, _after(before), ISSUED + 20.0)


def test_taken() -> None:
    """A first one, a newer one, and the same once more."""
    for before in (None, _bundle(3), _bundle(5)):
        require(_bundle(5), _WANTED, _after(before), ISSUED)
    require(_bundle(5, expires_at=ISSUED + 21), _WANTED, (), ISSUED + 20.0)


@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from(["/a", "/b"]), st.sampled_from([0, 1])), max_size=20))
def test_never_back(offered: list[tuple[int, str, int]]) -> None:
    """Whatever comes in whatever order, whoever signed it: versions only grow, and each has one content."""
    force: Bundle | None = None
    before: tuple[Signed, ...] = ()
    contents: dict[int, bytes] = {}
    for version, path, signer in offered:
        bundle = _bundle(version, path, signer)
        try:
            require(bundle, Wanted("orders", 1), believed(before, _THUMBPRINTS), ISSUED)
        except BundleError:
            continue
        assert force is None or bundle.version >= force.version
        assert contents.setdefault(version, bundle.digest) == bundle.digest
        force, before = bundle, with_signed(before, bundle)


def test_who_is_believed_no_longer() -> None:
    """What a stolen key has signed keeps nothing out once that is taken out, and does again when it is put back."""
    before = with_signed(_after(_bundle(41, signer=1)), _bundle(2**53 - 1, signer=0))
    mended = _bundle(42, signer=1)
    with pytest.raises(BundleError, match="older than 9007199254740991"):
        require(mended, _WANTED, believed(before, _THUMBPRINTS), ISSUED)
    require(mended, _WANTED, believed(before, _THUMBPRINTS[1:]), ISSUED)
    with pytest.raises(BundleError, match="older than 41"):
        require(_bundle(40, signer=1), _WANTED, believed(before, _THUMBPRINTS[1:]), ISSUED)
    with pytest.raises(BundleError, match="older than 9007199254740991"):
        require(_bundle(43, signer=1), _WANTED, believed(with_signed(before, mended), _THUMBPRINTS), ISSUED)


def test_memory_is_bounded() -> None:
    """Of ever new signers those are kept that signed last."""
    before: tuple[Signed, ...] = ()
    bundle = _bundle(3)
    for number in range(300):
        before = with_signed(before, replace(bundle, version=number, signer=number.to_bytes(32, "big")))
    assert [one.version for one in before] == list(range(44, 300))
