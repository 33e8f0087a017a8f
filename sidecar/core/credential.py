"""The credential out of a request: one bearer token in the Authorization header (RFC 6750, section 2.1)."""

import re
from urllib.parse import unquote_plus

from sidecar.core.reason import Reason, Refusal
from sidecar.core.request import Request

#: ``credentials`` of RFC 9110, section 11.4: a scheme, and after spaces what it wants. HTTP's ``tchar`` makes the
#: scheme.
_CREDENTIALS = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?: +(.*))?", re.ASCII)
#: ``b64token`` of RFC 6750.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)


def bearer_token(request: Request) -> bytes:
    """Return the bearer token's ASCII bytes; raises ``Refusal`` for none, several or one that is malformed."""
    value = request.headers.get("authorization")
    if value is None:
        raise Refusal(Reason.NO_CREDENTIAL, "no Authorization header")
    if "," in value:
        # No bearer token has a comma: Envoy joined two headers, or somebody wants us to believe it did.
        raise Refusal(Reason.SEVERAL_CREDENTIALS, "a comma in Authorization")
    parts = _CREDENTIALS.fullmatch(value)
    if parts is None:
        raise Refusal(Reason.MALFORMED_CREDENTIAL, "not a scheme and its value")
    scheme, token = parts.groups()
    if scheme.lower() != "bearer":
        raise Refusal(Reason.NO_CREDENTIAL, "another scheme than Bearer")
    if token is None or _TOKEN.fullmatch(token) is None:
        raise Refusal(Reason.MALFORMED_CREDENTIAL, "Bearer without a b64token")
    if _has_token_in_query(request.query):
        # RFC 6750, section 2: one method a request. The upstream might read the other token.
        raise Refusal(Reason.SEVERAL_CREDENTIALS, "access_token in the query beside Authorization")
    return token.encode("ascii")


def _has_token_in_query(query: str) -> bool:
    # Looked at undecoded first: almost no query has the word, and decoding costs more than the rest of this module.
    if "token" not in query and "%" not in query:
        return False
    names = (part.partition("=")[0] for part in query.replace(";", "&").split("&"))
    return any(unquote_plus(name) == "access_token" for name in names)
