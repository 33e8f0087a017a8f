"""A token as the engine is asked about it: the ``CheckRequest`` of a request that has nothing but this token."""

from sidecar.core.reason import Reason
from sidecar.library.result import Refused
from sidecar.protos.ext_authz import CheckRequest

Token = str | bytes | None


def read_token(token: Token) -> str | Refused:
    """Return a token's text, or why it is none; raises ``TypeError`` for what is neither text nor bytes nor ``None``.

    Whether it is a ``b64token`` (RFC 6750) the check itself sees; here alone what it would not see behind a scheme.
    """
    if token is None or token in ("", b""):
        return Refused(Reason.NO_CREDENTIAL)
    if isinstance(token, bytes):
        token = token.decode("latin-1")
    if not isinstance(token, str):
        # The type alone: the value may be a token in some wrapping.
        raise TypeError(f"a token is str, bytes or None, and this is {type(token).__name__}")
    if not token.isascii() or token.startswith(" "):
        return Refused(Reason.MALFORMED_CREDENTIAL, "Bearer without a b64token")
    return token


def question(token: str, client: str) -> bytes:
    """Return the serialised ``CheckRequest``; ``client`` is the client's IP address, or empty."""
    message = CheckRequest()
    message.attributes.source.address.socket_address.address = client
    http = message.attributes.request.http
    http.method, http.path, http.host = "GET", "/", "localhost"
    http.headers["authorization"] = "Bearer " + token
    raw: bytes = message.SerializeToString()
    return raw
