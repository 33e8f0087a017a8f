"""The variables there are, with their types and the longest values that are looked at.

The limits are what makes the cost of an expression a number (``cost``). A longer value makes the term that reads it
``None``. Texts are measured in bytes of UTF-8, lists in members.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum
from typing import Final

from sidecar.core.headers_read import BODY_BYTES
from sidecar.core.policy.model import Looks

HEADERS: Final = "request.headers"
CLAIMS: Final = "identity.claims"
CONTEXT: Final = "context"
BODY: Final = "request.body"
ROUTE: Final = "route.metadata"
#: Maps whose members are any JSON.
JSON_MAPS: Final = frozenset({CLAIMS, BODY, ROUTE})
#: Bytes of all claims together, as JSON. The token they come in is bounded by ``limits.max_token_bytes``.
CLAIMS_BYTES: Final = 16384
#: Of one header, as in conditions on headers (``core.policy.attributes``).
HEADER_BYTES: Final = 4096
#: Characters of all texts of a list together.
TEXTS_LENGTH: Final = 16384


class Kind(Enum):
    """The CEL types that variables have."""

    TEXT = "string"
    TEXTS = "list(string)"
    TEXT_MAP = "map(string, string)"
    ANY_MAP = "map(string, dyn)"
    NUMBER = "int"
    TIME = "timestamp"


@dataclass(frozen=True, slots=True)
class Variable:
    """``longest`` is in bytes for a text, in members for a list, and in bytes of JSON for a map."""

    kind: Kind
    longest: int = 0


VARIABLES: Final = {
    "request.method": Variable(Kind.TEXT, 64),
    "request.path": Variable(Kind.TEXT, 8192),
    "request.query": Variable(Kind.TEXT, 8192),
    "request.host": Variable(Kind.TEXT, 1024),
    "request.scheme": Variable(Kind.TEXT, 64),
    HEADERS: Variable(Kind.TEXT_MAP, HEADER_BYTES),
    "request.id": Variable(Kind.TEXT, 1024),
    "request.time": Variable(Kind.TIME),
    BODY: Variable(Kind.ANY_MAP, BODY_BYTES),
    "identity.subject": Variable(Kind.TEXT, 1024),
    "identity.issuer": Variable(Kind.TEXT, 2048),
    "identity.principal": Variable(Kind.TEXT, 4096),
    "identity.audiences": Variable(Kind.TEXTS, 128),
    "identity.scopes": Variable(Kind.TEXTS, 256),
    CLAIMS: Variable(Kind.ANY_MAP, CLAIMS_BYTES),
    "source.address": Variable(Kind.TEXT, 256),
    "source.principal": Variable(Kind.TEXT, 2048),
    "source.namespace": Variable(Kind.TEXT, 1024),
    "source.service_account": Variable(Kind.TEXT, 1024),
    "remote.address": Variable(Kind.TEXT, 256),
    "destination.address": Variable(Kind.TEXT, 256),
    "destination.port": Variable(Kind.NUMBER),
    "connection.sni": Variable(Kind.TEXT, 1024),
    CONTEXT: Variable(Kind.TEXT_MAP, 4096),
    ROUTE: Variable(Kind.ANY_MAP, 4096),
    "now": Variable(Kind.TIME),
}
#: First parts of the names: no variable of a comprehension may be called so.
ROOTS: Final = frozenset(name.partition(".")[0] for name in VARIABLES)
_ENDPOINT: Final = frozenset({"request.method", "request.path", "request.host", "destination.port"})


def looks_at(variables: AbstractSet[str]) -> Looks:
    """Say what a term that reads these variables looks at."""
    if variables <= _ENDPOINT:
        return Looks.ENDPOINT
    if all(name.startswith("identity.") for name in variables):
        return Looks.IDENTITY
    return Looks.REQUEST
