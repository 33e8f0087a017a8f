"""What came of a token as bytes for shared memory, and back. Nothing is pickled.

    identity    │ 1 │ issuer digest: 32 │ key digest: 32 │ claims, as JSON …
    refusal     │ 2 │ trust digest: 32  │ issuer: 8 │ reason code, ASCII …
    vouched for │ 3 │ issuer digest: 32 │ endpoint digest: 32 │ until: f64 │ claims, as JSON …

An identity is made anew of its claims by the reader, under the issuer and the key that the record is labelled with. A
label that the reader's own ``Trust`` does not have is a miss: a process that is late with the removal of a key cannot
vouch for anybody under the new set. What an endpoint vouched for (RFC 7662) is good until it has to be asked again.
"""

import json
from functools import lru_cache
from hashlib import blake2b
from struct import Struct

from sidecar.core import claims as claim
from sidecar.core.cache import Refused
from sidecar.core.identity import Identity, identity_of
from sidecar.core.introspected import introspected_identity
from sidecar.core.reason import Reason, Refusal
from sidecar.core.trust import Trust

_IDENTITY, _REFUSED, _VOUCHED = 1, 2, 3
_LABELS = Struct("=B32s32s")
_LABEL = Struct("=B32s8s")
#: Of a refusal that is about nobody's token.
_NOBODYS = bytes(8)
_UNTIL = Struct("=B32s32sd")
#: Made once, where ``json.dumps`` makes one for each record. ASCII alone: a lone surrogate, which JSON can spell, has
#: no UTF-8.
_AS_JSON = json.JSONEncoder(separators=(",", ":")).encode


def encode(found: Identity | Refused) -> bytes:
    """Return the record of an identity or refusal."""
    if isinstance(found, Refused):
        whose = _NOBODYS if found.whose is None else _mark(found.whose)
        return _LABEL.pack(_REFUSED, found.trust_digest, whose) + found.reason.encode()
    claims = _AS_JSON(dict(found.claims))
    if found.ask_again_at is not None:
        head = _UNTIL.pack(_VOUCHED, found.issuer_digest, found.key_digest, found.ask_again_at)
        return head + claims.encode()
    return _LABELS.pack(_IDENTITY, found.issuer_digest, found.key_digest) + claims.encode()


def may_be_kept(record: bytes) -> bool:
    """Say whether a record is an identity that a signature vouches for: what an endpoint does, is to be asked anew."""
    return record[:1] == bytes([_IDENTITY])


def decode(record: bytes, trust: Trust) -> Identity | Refused | None:
    """Read a record; ``None`` for one that is labelled with what ``trust`` does not have, or is none at all."""
    if record[:1] == bytes([_IDENTITY]) and len(record) > _LABELS.size:
        return _identity(record, trust)
    if record[:1] == bytes([_VOUCHED]) and len(record) > _UNTIL.size:
        return _vouched(record, trust)
    if record[:1] == bytes([_REFUSED]) and len(record) > _LABEL.size:
        return _refused(record, trust)
    return None


def _identity(record: bytes, trust: Trust) -> Identity | None:
    _, issuer_digest, key_digest = _LABELS.unpack_from(record)
    try:
        claims = claim.read(record[_LABELS.size :])
        issuer = claim.issuer_of(claims, trust.issuers)
        if issuer.digest != issuer_digest:
            return None
        key = next((key for key in issuer.keys.keys if key.digest == key_digest), None)
        return None if key is None else identity_of(claims, issuer, key)
    except Refusal:
        return None


def _vouched(record: bytes, trust: Trust) -> Identity | None:
    _, issuer_digest, endpoint_digest, until = _UNTIL.unpack_from(record)
    try:
        claims = claim.read(record[_UNTIL.size :])
        issuer = claim.issuer_of(claims, trust.issuers)
        endpoint = issuer.introspection
        if endpoint is None or (issuer.digest, endpoint.digest) != (issuer_digest, endpoint_digest):
            return None
        return introspected_identity(dict(claims), issuer, endpoint, until)
    except Refusal:
        return None


def _refused(record: bytes, trust: Trust) -> Refused | None:
    _, trust_digest, mark = _LABEL.unpack_from(record)
    whose = None if mark == _NOBODYS else next((name for name in trust.issuers if _mark(name) == mark), None)
    try:
        return Refused(Reason(record[_LABEL.size :].decode("ascii")), trust_digest, whose=whose)
    except ValueError:
        return None


@lru_cache(256)
def _mark(issuer: str) -> bytes:
    return blake2b(issuer.encode("utf-8", "replace"), digest_size=8).digest()
