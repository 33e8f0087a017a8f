"""Opaque tokens: asking their issuer about them (RFC 7662), and what of its answer is believed.

An endpoint says yes by ``"active": true`` alone, the JSON value. What is no clear yes and no clear no is neither: the
check is denied as one that could not be made.
"""

from dataclasses import dataclass, field
from typing import Literal

from sidecar.core.digest import digest_of

#: How a client shows who it is, and what is needed for it.
ClientAuth = Literal["client_secret_basic", "private_key_jwt", "bearer"]


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a secret is: never the secret itself. ``name`` is a file's, or an environment variable's."""

    kind: Literal["file", "env"]
    name: str


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks. ``audience`` is the assertion's ``aud`` (RFC 7523, section 3), ``client_id`` empty for ``bearer``."""

    auth: ClientAuth
    client_id: str
    secret: Reference
    audience: str = ""


@dataclass(frozen=True, slots=True)
class Introspection:
    """One endpoint, and how it is asked.

    Times are in seconds. ``max_cache`` and ``negative_cache`` bound how long an answer stands; ``token_types`` are
    values of ``token_type`` in lower case; ``optional`` are those of ``aud`` and ``exp`` that may be missing.
    """

    url: str
    client: Client
    kind: Literal["rfc7662", "token_review"] = "rfc7662"
    audiences: tuple[str, ...] = ()  #: to be asked for, of a TokenReview
    token_types: frozenset[str] = frozenset({"bearer", "dpop"})
    optional: frozenset[str] = frozenset()
    max_cache: float = 60.0
    negative_cache: float = 10.0
    timeout: float = 1.0
    max_in_flight: int = 64
    ca_file: str | None = None
    allow_http: bool = False
    allow_private: bool = False
    digest: bytes = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Name the content: what an endpoint vouched for is labelled with this."""
        object.__setattr__(self, "digest", digest_of(self, b"introspection"))
