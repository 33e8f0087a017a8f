"""What an identity may have been revoked by, and how a list of that enters the core.

    identity ─ marks_of ─> digests of (issuer, kind, value) ─ Denylist.look_up ─> revoked?

Nothing is keyed by a token's text: whoever has an ECDSA-signed token can write it in a second way that is as valid.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Final, NamedTuple, Protocol

from sidecar.core import base64url
from sidecar.core.claims import session_of, time_claim
from sidecar.core.identity import Identity

#: An epoch in which it is not known what is revoked.
UNKNOWN: Final = -1
DIGEST_BYTES: Final = 16
#: Of a digest, what a cut-off is found by.
TAG_BYTES: Final = 12
_LENGTH_BYTES: Final = 4


class Kind(StrEnum):
    """What of an issuer's tokens is revoked; the value goes into digests, entries and metrics."""

    JTI = "jti"  #: the token of this id
    SUBJECT = "sub"  #: whatever speaks for this subject
    SESSION = "sid"  #: whatever belongs to this session (OpenID Connect Front-Channel Logout 1.0, section 3)
    KEY = "kid"  #: whatever was signed with this key, by its id or its thumbprint (RFC 7638, base64url)
    ISSUED_BEFORE = "issued_before"  #: what was issued before a time, of one subject or (empty) of all


class Name(NamedTuple):
    """What is revoked: of which issuer, by what, and its value."""

    issuer: str
    kind: Kind
    value: str


@dataclass(frozen=True, slots=True)
class Marks:
    """What an identity is looked up by: ``names`` of 16 bytes, ``cut_offs`` of 12.

    ``issued_at`` is in seconds since the epoch; minus infinity without ``iat``, and so before every cut-off.
    """

    names: tuple[bytes, ...]
    cut_offs: tuple[bytes, ...]
    issued_at: float


class LookUp(NamedTuple):
    """What was found."""

    denied: bool
    epoch: int  #: as long as the list is in this one, a ``denied`` of ``False`` holds


class Denylist(Protocol):
    """What was revoked. Only ever added to; what is over is gone by itself."""

    def epoch(self, now: float) -> int:
        """Return a number that is another one whenever something was added, ``UNKNOWN`` where the list may lack some.

        Every check of a known token comes by here.
        """

    def marks(self, identity: Identity) -> Marks:
        """Return what ``identity`` is looked up by."""

    def look_up(self, marks: Marks, now: float) -> LookUp:
        """Say whether any of it is revoked at ``now``, and in which epoch, read before anything else, that was so."""


def digest(key: bytes, name: Name) -> bytes:
    """Return 16 bytes of keyed BLAKE2b (RFC 7693, section 2.9) over the name's three fields.

    Each is behind its length, so that no two names give the same bytes. ``key`` keeps everybody else from aiming.
    """
    fields = (name.issuer.encode(), name.kind.value.encode(), name.value.encode())
    data = b"".join(len(field).to_bytes(_LENGTH_BYTES, "big") + field for field in fields)
    return blake2b(data, digest_size=DIGEST_BYTES, key=key).digest()


def marks_of(identity: Identity, digest_of: Callable[[Name], bytes]) -> Marks:
    """Return what ``identity`` is looked up by, in digests that ``digest_of`` makes."""
    issued_at = time_claim(identity.claims, "iat")
    subjects = ("", identity.subject) if identity.subject else ("",)
    cut_offs = (Name(identity.issuer, Kind.ISSUED_BEFORE, subject) for subject in subjects)
    return Marks(
        names=tuple(map(digest_of, _names(identity))),
        cut_offs=tuple(digest_of(name)[:TAG_BYTES] for name in cut_offs),
        issued_at=-math.inf if issued_at is None else issued_at,
    )


def _names(identity: Identity) -> Iterator[Name]:
    claims = identity.claims
    for kind, value in ((Kind.JTI, claims.get("jti")), (Kind.SUBJECT, identity.subject)):
        if isinstance(value, str):
            yield Name(identity.issuer, kind, value)
    session = session_of(claims)
    if session is not None:
        yield Name(identity.issuer, Kind.SESSION, session)
    # Who revokes a key by its thumbprint means that key, whatever id it goes by.
    thumbprint = base64url.encode(identity.key_thumbprint).decode("ascii")
    for key in dict.fromkeys(filter(None, (identity.key_id, thumbprint))):
        yield Name(identity.issuer, Kind.KEY, key)
