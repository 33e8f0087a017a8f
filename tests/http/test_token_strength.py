"""Which bearer tokens could be guessed."""

import base64
import secrets
import uuid
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.http.token_strength import ENOUGH_BITS, is_weak


@pytest.mark.parametrize(
    "token",
    [
        "a" * 32,
        "0123456789abcdef0123456789abcdef",
        "changeme" * 8,
        "password" + "0" * 30,
        "12345678901234567890123456789012345678",
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "zyxwvutsrqponmlkjihgfedcba9876543210",
        "f47ac10b58cc" * 5,
        "ab" * 500,
        "admin-token-admin-token-admin-token-",
    ],
)
def test_weak(token: str) -> None:
    """What somebody typed is weak, however long it is."""
    assert is_weak(token.encode())


@given(st.integers(0, 2**64))
def test_random_ones_are_good(seed: int) -> None:
    """Random tokens are good in any of the usual forms, the shortest that is taken among them."""
    raw = Random(seed).randbytes(32)  # noqa: S311 - the same each time
    for token in (
        raw[:16].hex(),
        raw.hex(),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw[:24]).decode(),
    ):
        assert not is_weak(token.encode()), token


def test_what_is_advised_is_good() -> None:
    """So are those that our own advice makes, and UUIDs."""
    assert not is_weak(secrets.token_hex(32).encode())
    assert not is_weak(str(uuid.UUID(int=0x1B4E28BA2FA111D2883F0016D3CCA427)).encode())


@given(st.binary(min_size=1, max_size=12), st.integers(3, 80))
def test_what_comes_again_is_no_stronger(piece: bytes, times: int) -> None:
    """A short piece that is repeated is weak, however often: it has at most 12 characters that matter."""
    assert ENOUGH_BITS > 12 * 3.6
    assert is_weak(piece * times)
