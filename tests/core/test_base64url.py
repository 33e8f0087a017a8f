"""Base64url: one spelling for any bytes, every other one refused."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.base64url import Base64UrlError, decode, encode

#: RFC 4648, section 10, without padding; the last is where base64url and base64 differ.
_VECTORS = [
    (b"", b""),
    (b"f", b"Zg"),
    (b"fo", b"Zm8"),
    (b"foo", b"Zm9v"),
    (b"foob", b"Zm9vYg"),
    (b"fooba", b"Zm9vYmE"),
    (b"foobar", b"Zm9vYmFy"),
    (b"\xfb\xff\xfe", b"-__-"),
]
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.mark.parametrize(("data", "text"), _VECTORS)
def test_vectors(data: bytes, text: bytes) -> None:
    """Bytes and their spelling are those of RFC 4648."""
    assert (encode(data), decode(text)) == (text, data)


@pytest.mark.parametrize(
    "text",
    [
        b"Zg==",
        b"Zg=",
        b"Zm9v=",
        b"=",
        b"Zh",
        b"Zm9",
        b"Z",
        b"Zm9vY",
        b"Zm 9v",
        b"Zm9v\n",
        b"\nZm9v",
        b"+//+",
        b"Zm9v\x00",
        b"\xc3\xa9AA",
        b"Zm.v",
        b"\xff",
        b"%5Aw",
        b"Zm9v\r\n",
        b" Zm9v",
    ],
)
def test_other_spellings(text: bytes) -> None:
    """Padding, white space, plain base64, impossible lengths and non-zero trailing bits are refused."""
    with pytest.raises(Base64UrlError):
        decode(text)


@given(st.binary(max_size=100))
def test_round_trip(data: bytes) -> None:
    """Whatever is encoded decodes to itself."""
    assert decode(encode(data)) == data


@given(st.text(alphabet=_ALPHABET.decode(), max_size=40))
def test_decodes_canonical_spellings_alone(text: str) -> None:
    """Text in the alphabet is refused, or is exactly what its bytes encode to."""
    spelling = text.encode()
    try:
        decoded = decode(spelling)
    except Base64UrlError:
        return
    assert encode(decoded) == spelling


@given(st.binary(min_size=1, max_size=40).filter(lambda data: len(data) % 3), st.integers(1, 15))
def test_trailing_bits(data: bytes, bits: int) -> None:
    """Each of the spellings that differ in the bits nobody reads is refused."""
    text = encode(data)
    unused = 4 if len(data) % 3 == 1 else 2
    last = _ALPHABET.index(text[-1:])
    assert last % (1 << unused) == 0
    other = text[:-1] + _ALPHABET[last + 1 + (bits - 1) % ((1 << unused) - 1) :][:1]
    with pytest.raises(Base64UrlError):
        decode(other)


@given(st.binary(max_size=40), st.data())
def test_foreign_characters(data: bytes, draw: st.DataObject) -> None:
    """One character that is not of the alphabet, anywhere, makes the text refused."""
    foreign = draw.draw(st.integers(0, 255).filter(lambda code: code not in _ALPHABET))
    text = encode(data)
    place = draw.draw(st.integers(0, len(text)))
    with pytest.raises(Base64UrlError):
        decode(text[:place] + bytes([foreign]) + text[place:])


def _by_the_standard_library(text: bytes) -> bytes | None:
    if len(text) % 4 == 1 or not set(text) <= set(_ALPHABET):
        return None
    found = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    return found if urlsafe_b64encode(found).rstrip(b"=") == text else None


@given(st.binary(max_size=9) | st.text(alphabet=_ALPHABET.decode() + "+/= \n!", max_size=9).map(str.encode))
def test_says_what_the_standard_library_says(text: bytes) -> None:
    """Text is decoded if, and only if, it is what the standard library encodes its own reading of it to."""
    try:
        found = decode(text)
    except Base64UrlError:
        found = None
    assert found == _by_the_standard_library(text)
