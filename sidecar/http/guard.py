"""Who may call the administration: checks that come before any page is looked for.

1. The Host header names us. A page in a browser whose name was made to resolve to our address (DNS rebinding) sends its
   own name there. There must be exactly one (RFC 9112, section 3.2), and the target must begin with ``/``: in any other
   form it would outrank Host.
2. No browser: whatever carries ``Origin`` (Fetch standard, section 3.2) or ``Sec-Fetch-Site`` was sent by one. But for
   pages that browsers may show: these it may ask for by itself, and from a page of ours, and one that somebody else
   links to it may open as a page of its own (Fetch Metadata, section 2). Who shows one within a page of theirs, or asks
   for it by script, is refused.
3. The bearer token, where one is configured (RFC 6750, section 2.1): compared in constant time, never logged.
"""

import hmac
import logging
import re
from dataclasses import dataclass
from pathlib import Path

from sidecar.http.message import Call, Rejection
from sidecar.keys.regular_file import open_regular

MIN_TOKEN_BYTES = 32
MAX_TOKEN_BYTES = 1024
#: ``uri-host [":" port]`` of RFC 9110, section 7.2, less what no name of ours has.
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::[0-9]{1,5})?")
_CHALLENGE = (("www-authenticate", 'Bearer realm="admin"'),)
_log = logging.getLogger(__name__)


class TokenError(Exception):
    """The file with the bearer token does not do. The text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class TokenFile:
    """A file with a bearer token, read at each use: a renewed one counts at once."""

    path: str

    def read(self) -> bytes:
        """Return the token; raises ``TokenError``."""
        try:
            with open_regular(Path(self.path)) as file:
                token = file.read(MAX_TOKEN_BYTES + 1).strip()
        except OSError as error:
            raise TokenError(f"{self.path}: cannot read the bearer token: {error.strerror}") from None
        return as_token(token, self.path)


def as_token(found: bytes, where: str) -> bytes:
    """Return what was found if it is a bearer token; raises ``TokenError``, which says ``where``, not what."""
    if not MIN_TOKEN_BYTES <= len(found) <= MAX_TOKEN_BYTES:
        raise TokenError(
            f"{where}: a bearer token of {len(found)} bytes; it must have {MIN_TOKEN_BYTES} to "
            f"{MAX_TOKEN_BYTES}: make one with 'openssl rand -hex 32'"
        )
    if not re.fullmatch(rb"[!-~]+", found):
        raise TokenError(f"{where}: the bearer token must be one line of ASCII without spaces")
    return found


@dataclass(frozen=True, slots=True)
class Guard:
    """The checks, as configured. ``hosts`` are in lower case and without port; IPv6 addresses in brackets."""

    hosts: frozenset[str]
    token: TokenFile | None = None

    def check(self, call: Call, *, for_browsers: bool = False) -> None:
        """Return if ``call``, of a page that browsers may show or of another one, may go on; raises ``Rejection``."""
        self._check_host(call)
        if call.values("origin") or (call.values("sec-fetch-site") and not (for_browsers and _is_own(call))):
            raise Rejection(403, "not for browsers")
        if self.token:
            _check_token(self.token, call)

    def _check_host(self, call: Call) -> None:
        if not call.path.startswith("/"):
            raise Rejection(400, "the target must be a path")
        hosts = call.values("host")
        if len(hosts) != 1:
            raise Rejection(400, "exactly one Host header is needed")
        found = _HOST.fullmatch(hosts[0])
        if found is None or found[1].lower() not in self.hosts:
            raise Rejection(421, "not a host of this server; see admin.allowed_hosts")


def _is_own(call: Call) -> bool:
    """Say whether a browser asks for its user (an address typed in, a link followed) or for a page of ours."""
    site, mode, target = (call.values(f"sec-fetch-{name}") for name in ("site", "mode", "dest"))
    return site in (["none"], ["same-origin"]) or (mode, target) == (["navigate"], ["document"])


def _check_token(file: TokenFile, call: Call) -> None:
    sent = call.values("authorization")
    scheme, _, token = sent[0].partition(" ") if len(sent) == 1 else ("", "", "")
    try:
        expected = file.read()
    except TokenError as error:
        _log.error("administration refused: %s", error)
        raise Rejection(503, "the administration is not available") from None
    right = hmac.compare_digest(token.encode("utf-8", "surrogateescape"), expected)
    if not (right and scheme.lower() == "bearer"):
        raise Rejection(401, "a bearer token is required", _CHALLENGE)
