"""API keys: long random texts that stand for a subject, known by their SHA-256 alone.

A fast hash without salt is right here, and would be wrong for passwords: a key has 122 bits of chance at least, so that
nobody who has the hash can find the key by trying. That also is why a key is looked up by its hash in a dictionary: how
long that takes tells something of hashes, from which nothing follows about any key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sidecar.core.digest import digest_of
from sidecar.core.strict_json import Json


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What one key stands for. ``key_hash`` is SHA-256 of its text; ``expires``, in seconds since the epoch, its end.

    ``claims`` are beside those that follow from the other fields, for policy and headers.
    """

    key_hash: bytes = field(repr=False)
    subject: str
    scopes: frozenset[str]
    claims: Mapping[str, Json] = field(repr=False)  # personal data
    expires: float | None
    digest: bytes = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Name the content: a change of it, and the key's removal, ends what is remembered."""
        object.__setattr__(self, "digest", digest_of(self, b"api-key"))

    @property
    def name(self) -> str:
        """Return what logs and denylists may call it (``jti``): nothing of the key follows from it."""
        return self.key_hash.hex()[:16]
