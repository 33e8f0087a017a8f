"""From a recipe to a token: README.md has the fields."""

import hmac
import json
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from corpus.forgeries import FORGERIES
from corpus.keys import SECRET, form_of, named
from corpus.setups import Setup
from support.tokens import part

#: RFC 4648, section 5.
_ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_COMPACT = "@header@.@payload@.@signature@"


@dataclass(frozen=True)
class Recipe:
    """How a token differs from its set-up's good one."""

    key: str | None = None
    alg: str | None = None
    header: Mapping[str, Any] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    header_text: str | None = None
    payload_text: str | None = None
    header_hex: str | None = None
    payload_hex: str | None = None
    hmac: Mapping[str, str] | None = None
    signature: str | None = None
    compact: str = _COMPACT
    literal: str | None = None

    def token(self, setup: Setup) -> str:
        """Return the token."""
        if self.literal is not None:
            return self.literal
        whole = {} if self == Recipe() else {"good": good(setup), "good.signature": good(setup).rpartition(".")[2]}
        header = _encoded({**setup.header, **self.header}, self.without, self.header_text, self.header_hex)
        payload_text = None if self.payload_text is None else _filled(self.payload_text, whole)
        payload = _encoded({**setup.claims, **self.claims}, self.without, payload_text, self.payload_hex)
        signature = self._signature(setup, part(header) + b"." + part(payload))
        for name, data in {"header": header, "payload": payload, "signature": signature}.items():
            whole[name] = part(data).decode()
            if len(data) % 3:
                whole[f"{name}+bits"] = whole[name][:-1] + _with_unused_bits(whole[name][-1])
        return _filled(self.compact, whole)

    def _signature(self, setup: Setup, message: bytes) -> bytes:
        name = self.key or setup.key
        if self.hmac is not None or name is None:
            made = _mac(self.hmac or {}, message)
        else:
            usual = named(name).algorithm.value if self.key else str(setup.header["alg"])
            algorithm = jwt.get_algorithm_by_name(self.alg or usual)
            made = bytes(algorithm.sign(message, named(name).private))
        return FORGERIES[self.signature](made, message, name) if self.signature else made


def good(setup: Setup) -> str:
    """Return the good token of a set-up."""
    return Recipe().token(setup)


def _filled(text: str, pieces: Mapping[str, str]) -> str:
    for name, piece in pieces.items():
        text = text.replace(f"@{name}@", piece)
    return text


def _with_unused_bits(character: str) -> str:
    """Return the next character of the alphabet: the unused bits of the last one are zero, and then are not."""
    return _ALPHABET[_ALPHABET.index(character) + 1]


def _mac(how: Mapping[str, str], message: bytes) -> bytes:
    secret = form_of(how["of"], how["as"]) if "of" in how else how["text"].encode() if "text" in how else SECRET
    return hmac.digest(secret, message, how.get("hash", "sha256"))


def _encoded(members: Mapping[str, Any], without: tuple[str, ...], text: str | None, raw: str | None) -> bytes:
    present = {name: value for name, value in members.items() if name not in without}
    whole = json.dumps(present, separators=(",", ":"))
    if raw is not None:
        pieces = raw.split("@members@")
        return whole[1:-1].encode().join(bytes.fromhex(piece) for piece in pieces)
    return whole.encode() if text is None else text.replace("@members@", whole[1:-1]).encode()
