"""One request as a log has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from sidecar.core.strict_json import Json


class Token(Enum):
    """What a log says of the token."""

    UNKNOWN = "unknown"  #: nothing
    NONE = "none"  #: that there was none, or none that was good
    GOOD = "good"  #: that there was one: ``claims`` are what is known of it


@dataclass(frozen=True, slots=True)
class Record:
    """``None`` and, in ``headers`` and ``claims``, what is left out: nobody knows.

    A header that is known not to be there is ``None`` in ``headers``. ``claims`` are all that the token has where
    ``has_all_claims``. ``time`` is in seconds since the epoch. ``has_query``: the path has its query, if there was one.
    """

    method: str
    host: str
    path: str
    scheme: str | None = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    address: str | None = None
    principal: str | None = None
    destination: str | None = None
    port: int | None = None
    server_name: str | None = None
    time: float | None = None
    token: Token = Token.UNKNOWN
    claims: Mapping[str, Json] = field(default_factory=dict)
    has_all_claims: bool = False
    has_query: bool = True
