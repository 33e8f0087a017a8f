"""Which URLs are asked for keys, and where an issuer's discovery document is.

Strict text first: what one parser takes for a host and another for a user or a path is no URL here.
"""

import re
from dataclasses import dataclass

#: RFC 3986 in its plainest form: a name or address, a port, path and query. No user, no fragment, nothing to decode in
#: the host.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<rest>(?:/[!-~]*)?)",
    re.ASCII,
)
_NOT_IN_REST = re.compile(r"[\\#<>\"{}|^`]")
_LARGEST_PORT = 65535
WELL_KNOWN = "/.well-known/openid-configuration"


class UrlError(ValueError):
    """A URL that is not asked. The text says why."""


@dataclass(frozen=True, slots=True)
class Url:
    """A URL that may be asked. ``host`` is a name or address without brackets, in small letters."""

    text: str
    scheme: str
    host: str
    port: int

    @property
    def origin(self) -> tuple[str, str, int]:
        """Return what a credential is for (RFC 6454, section 4)."""
        return self.scheme, self.host, self.port

    @property
    def shown(self) -> str:
        """Return it without its query, which may hold a secret."""
        return self.text.partition("?")[0]


def parse_url(text: str, *, allow_http: bool) -> Url:
    """Read a URL; raises ``UrlError``."""
    found = _URL.fullmatch(text)
    if found is None or _NOT_IN_REST.search(found["rest"]):
        raise UrlError("is no plain https:// URL: host, port, path and query, without user and fragment")
    if found["scheme"] == "http" and not allow_http:
        raise UrlError("is not https: whoever sits on the network could put in keys of their own")
    port = int(found["port"] or (443 if found["scheme"] == "https" else 80))
    if not 0 < port <= _LARGEST_PORT:
        raise UrlError(f"has port {port}; allowed: 1 to {_LARGEST_PORT}")
    return Url(text, found["scheme"], found["host"].strip("[]").lower(), port)


def discovery_url(issuer: str, *, allow_http: bool) -> Url:
    """Return where ``issuer`` describes itself (OpenID Connect Discovery 1.0, section 4); raises ``UrlError``."""
    if "?" in issuer:
        raise UrlError("has a query, and so no place for a discovery document; give 'url' instead")
    return parse_url(issuer.removesuffix("/") + WELL_KNOWN, allow_http=allow_http)
