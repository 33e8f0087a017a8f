"""The credential out of a request: one bearer token in the Authorization header (RFC 6750, section 2.1).

This is what most configurations want. ``finder.py`` is for all others.
"""

import re
from typing import NamedTuple

from sidecar.core.reason import Reason, Refusal
from sidecar.core.request import Request
from sidecar.core.source import Source
from sidecar.core.spelling import parameter

#: ``token`` of RFC 9110, section 5.6.2: what an authentication scheme's name is made of.
_SCHEME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
#: ``b64token`` of RFC 6750.
TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)

_TOKEN_PARAMETER = parameter("access_token")


class Credential(NamedTuple):
    """A credential's ASCII bytes and where they came from: a token that is taken from a cookie is none in a header."""

    source: Source
    token: bytes

    def __repr__(self) -> str:
        """Name the source alone: a token must never reach a log."""
        return f"Credential({self.source!r})"


def bearer_token(request: Request) -> bytes:
    """Return the bearer token's ASCII bytes; raises ``Refusal`` for none, several or one that is malformed."""
    value = request.headers.get("authorization")
    if value is None:
        raise Refusal(Reason.NO_CREDENTIAL, "no Authorization header")
    scheme, token = scheme_and_token(value)
    if scheme != "bearer":
        raise Refusal(Reason.NO_CREDENTIAL, "another scheme than Bearer")
    if TOKEN.fullmatch(token) is None:
        raise Refusal(Reason.MALFORMED_CREDENTIAL, "Bearer without a b64token")
    refuse_token_in_query(request.query)
    return token.encode("ascii")


def scheme_and_token(value: str, name: str = "Authorization") -> tuple[str, str]:
    """Return a header's scheme, lower-case, and what follows it; raises ``Refusal`` where it is none, or several."""
    if "," in value:
        # No bearer token has a comma: Envoy joined two headers, or somebody wants us to believe it did.
        raise Refusal(Reason.SEVERAL_CREDENTIALS, f"a comma in {name}")
    scheme, _, rest = value.partition(" ")
    if _SCHEME.fullmatch(scheme) is None:
        raise Refusal(Reason.MALFORMED_CREDENTIAL, "not a scheme and its value")
    return scheme.lower(), rest.lstrip(" ")


def refuse_token_in_query(query: str) -> None:
    """Raise ``Refusal`` for a token in the query beside the one in the header (RFC 6750, section 2).

    One method a request: the upstream might read the other token.
    """
    # Without either nothing of that name is in it, however it is spelt: 60 KB of "&" would take 4 ms to look through.
    may_name_one = query and ("%" in query or "access" in query.lower())
    if may_name_one and _TOKEN_PARAMETER.search(query):
        raise Refusal(Reason.SEVERAL_CREDENTIALS, "access_token in the query beside Authorization")
