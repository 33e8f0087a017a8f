"""Signatures that are not the good one, by name: a function of that one, what it covers, and the name of the key."""

import hashlib
from base64 import urlsafe_b64decode
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from corpus.keys import named
from corpus.rsa_padding import PADDINGS, PSS, pkcs1_digest_info, raw_sign
from support.keypairs import Pair

Forgery = Callable[[bytes, bytes, str | None], bytes]

#: Orders of the groups: FIPS 186-4, appendix D.1.2; RFC 8032, section 5.1.
_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ED25519 = 2**252 + 27742317777372353535851937790883648493


def _ecdsa(r: int | None, s: int | None) -> Forgery:
    """Put numbers side by side as ES256 does; ``None`` is the good signature's."""

    def forge(good: bytes, _message: bytes, _key: str | None) -> bytes:
        numbers = _numbers(good)
        chosen = (numbers[0] if r is None else r, numbers[1] if s is None else s)
        return b"".join(number.to_bytes(32, "big") for number in chosen)

    return forge


def _numbers(good: bytes) -> tuple[int, int]:
    return int.from_bytes(good[:32], "big"), int.from_bytes(good[32:], "big")


def _changed(change: Callable[[bytes], bytes]) -> Forgery:
    return lambda good, _message, _key: change(good)


def _instead(made: bytes) -> Forgery:
    return lambda _good, _message, _key: made


def _ed25519_s(change: Callable[[int], int]) -> Forgery:
    return _changed(lambda good: good[:32] + change(int.from_bytes(good[32:], "little")).to_bytes(32, "little"))


def _rsa_number(change: Callable[[int, int], int], size: int = 256) -> Forgery:
    def forge(good: bytes, _message: bytes, key: str | None) -> bytes:
        public = named(key or "").private.public_key()
        assert isinstance(public, rsa.RSAPublicKey)
        return change(int.from_bytes(good, "big"), public.public_numbers().n).to_bytes(size, "big")

    return forge


def _over(change: Callable[[bytes], bytes]) -> Forgery:
    """Sign something else than what is to be signed, with the right key."""
    return lambda _good, message, key: named(key or "").sign(change(message))


def _decoded(message: bytes) -> bytes:
    return b".".join(urlsafe_b64decode(one + b"=" * (-len(one) % 4)) for one in message.split(b"."))


def _padded(pad: Callable[[bytes], bytes]) -> Forgery:
    return lambda _good, message, key: raw_sign(named(key or ""), pad(message))


def _signed(sign: Callable[[Pair, bytes], bytes]) -> Forgery:
    return lambda _good, message, key: sign(named(key or ""), message)


def _cube_root(good: bytes, message: bytes, _key: str | None) -> bytes:
    """Forge without the key for the exponent 3: the digest, then garbage that makes it a cube."""
    head = b"\0\1" + b"\xff" * 8 + b"\0" + pkcs1_digest_info("sha256", message)
    room = len(good) - len(head)
    return _root(int.from_bytes(head + b"\xff" * room, "big")).to_bytes(len(good), "big")


def _root(cube: int) -> int:
    """Return the largest integer whose cube is no larger."""
    low, high = 0, 1 << (cube.bit_length() // 3 + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= cube else (low, middle - 1)
    return low


_SMALL_ORDER = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")

FORGERIES: dict[str, Forgery] = {
    # Any algorithm
    "nothing": _instead(b""),
    "one byte": _instead(b"\0"),
    "64 zeros": _instead(bytes(64)),
    "one bit changed": _changed(lambda good: good[:-1] + bytes([good[-1] ^ 1])),
    "first half": _changed(lambda good: good[: len(good) // 2]),
    "without its last byte": _changed(lambda good: good[:-1]),
    "with a zero behind it": _changed(lambda good: good + b"\0"),
    "with a zero before it": _changed(lambda good: b"\0" + good),
    "twice": _changed(lambda good: good + good),
    "2049 bytes": _instead(b"\1" * 2049),
    "60000 bytes": _instead(b"\1" * 60000),
    "over the hash": _over(lambda message: hashlib.sha512(message).digest()),
    "over the payload alone": _over(lambda message: message.partition(b".")[2]),
    "over the decoded parts": _over(_decoded),
    # ECDSA on P-256
    "DER": _changed(lambda good: encode_dss_signature(*_numbers(good))),
    "DER cut to size": _changed(lambda good: encode_dss_signature(*_numbers(good)).ljust(64, b"\0")[:64]),
    "zeros in DER": _instead(bytes.fromhex("3006020100020100")),
    "s before r": _changed(lambda good: good[32:] + good[:32]),
    "r = 0, s = 0": _ecdsa(0, 0),
    "r = 0": _ecdsa(0, None),
    "s = 0": _ecdsa(None, 0),
    "r = 0, s = 1": _ecdsa(0, 1),
    "r = 1, s = 0": _ecdsa(1, 0),
    "r = 1, s = 1": _ecdsa(1, 1),
    "r = n, s = n": _ecdsa(_P256, _P256),
    "r = n": _ecdsa(_P256, None),
    "s = n": _ecdsa(None, _P256),
    "r = n - 1, s = n - 1": _ecdsa(_P256 - 1, _P256 - 1),
    "r and s all ones": _instead(b"\xff" * 64),
    "n - s": _changed(lambda good: good[:32] + (_P256 - _numbers(good)[1]).to_bytes(32, "big")),
    # Ed25519
    "S + L": _ed25519_s(lambda s: s + _ED25519),
    "S with its highest bit": _ed25519_s(lambda s: s | 1 << 255),
    "sign of R changed": _changed(lambda good: good[:31] + bytes([good[31] ^ 0x80]) + good[32:]),
    "S = 0": _ed25519_s(lambda _s: 0),
    "R of small order, S = 0": _instead(_SMALL_ORDER + bytes(32)),
    "R = identity, S = 0": _instead(b"\1" + bytes(63)),
    "R not canonical": _changed(lambda good: (2**255 - 19).to_bytes(32, "little") + good[32:]),
    "R not canonical, negative zero": _changed(lambda good: b"\xec" + b"\xff" * 31 + good[32:]),
    # RSA
    "0": _rsa_number(lambda _s, _n: 0),
    "1": _rsa_number(lambda _s, _n: 1),
    "n - 1": _rsa_number(lambda _s, n: n - 1),
    "n": _rsa_number(lambda _s, n: n),
    "s + n in 257 bytes": _rsa_number(lambda s, n: s + n, 257),
    "cube root": _cube_root,
    **{name: _padded(pad) for name, pad in PADDINGS.items()},
    **{name: _signed(sign) for name, sign in PSS.items()},
}
