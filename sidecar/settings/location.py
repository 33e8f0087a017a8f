"""URLs that clients are sent to."""

import re

from sidecar.core.uri import uri_of

#: Stands for the URL that was asked for.
URL = "{url}"
#: RFC 3986's characters, with ``%`` where it begins an encoding.
_PLAIN = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*", re.ASCII)


def check_location(text: str, *, allow_http: bool) -> None:
    """Refuse what is no plain URL, or would send clients where a request wants; raises ``ValueError``.

    Its text has nothing of the URL, in which a password may stand.
    """
    before, found, after = text.partition(URL)
    if URL in after or not _PLAIN.fullmatch(before + after):
        raise ValueError(f"is no URL with at most one {URL} in it; percent-encode what else is odd")
    uri = uri_of(before)
    if uri is None or "@" in before.partition("?")[0]:
        raise ValueError("is no URL of a plain host; write https://login.example/path")
    if not uri.origin.startswith("https://") and not allow_http:
        raise ValueError("has no TLS; write https://, or 'allow_http: true'")
    # INVARIANT: nothing of a request gets before the query, nor out of its parameter.
    if found and not (before.partition("?")[2].partition("#")[0].endswith("=") and "#" not in before):
        raise ValueError(f"{URL} stands behind a parameter's name, as in ?rd={URL}")
    if after and not after.startswith(("&", "#")):
        raise ValueError(f"nothing but '&' or '#' may follow {URL}")


def check_origin(text: str) -> None:
    """Refuse what is no origin in normal form; raises ``ValueError``."""
    found = uri_of(text)
    if found is None or found.origin != text or text.endswith("/"):
        raise ValueError("is no origin; write https://host, in small letters, without path and usual port")
