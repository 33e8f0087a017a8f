"""A request's URI as a proof names it (``htu``), without query and fragment, in normal form (RFC 3986, section 6.2).

Normal form here: scheme and host in small letters, no default port, ``/`` for an empty path, percent-encodings in
capitals and none of an unreserved character. Dot segments stay as they are: a request that has them is refused anyway.
"""

import re
from typing import NamedTuple

from sidecar.core.authority import host_forms

_URI = re.compile(r"([A-Za-z]+)://([^/?#]*)([^?#]*)(?:[?#].*)?", re.ASCII | re.DOTALL)
_DEFAULT_PORTS = {"https": ":443", "http": ":80"}
_ENCODED = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class Uri(NamedTuple):
    """``origin`` is scheme and authority: ``https://api.example``."""

    origin: str
    path: str


def uri_of(text: str) -> Uri | None:
    """Read an absolute http or https URI; ``None`` for anything else."""
    found = _URI.fullmatch(text)
    return None if found is None else normal_uri(found[1], found[2], found[3])


def normal_uri(scheme: str, authority: str, path: str) -> Uri | None:
    """Put a URI together; ``None`` where a part of it is not what it should be."""
    scheme, hosts = scheme.lower(), host_forms(authority)
    if scheme not in _DEFAULT_PORTS or not hosts:
        return None
    host = hosts[-1].removesuffix(_DEFAULT_PORTS[scheme])
    return Uri(f"{scheme}://{host}", _ENCODED.sub(_normal, path) or "/")


def _normal(found: re.Match[str]) -> str:
    letter = chr(int(found[1], 16))
    return letter if letter in _UNRESERVED else found[0].upper()
