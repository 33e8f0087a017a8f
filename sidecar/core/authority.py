"""The authority of a request (``Host``, ``:authority``) in the form that policy decides on (RFC 3986, section 3.2.2).

As with paths, what has several spellings is not cleaned up but refused: ``admin.example:``, ``x@admin.example``,
``adm%69n.example`` or two Host headers joined by a comma reach the same upstream as ``admin.example`` in one server and
another in the next.
"""

import ipaddress
import re
from functools import lru_cache

_LABELS = r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*"
_AUTHORITY = re.compile(rf"(?:(?P<name>{_LABELS})\.?|\[(?P<ipv6>[0-9a-f:.]+)\])(?::(?P<port>[1-9][0-9]{{0,4}}))?")
#: What the URL Standard takes for an IPv4 address in one of its odd spellings (127.1, 0x7f.1, 2130706433).
_NUMERIC = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")


#: Hosts are few, and come again and again. What is longer than a DNS name with a port is not kept (RFC 1035, 2.3.4).
_KEPT, _LONGEST_KEPT = 512, 262


def host_forms(authority: str) -> tuple[str, ...]:
    """Return the forms a host pattern may match: without port and, where there is one, with it.

    Lower-case, without a closing dot, IPv6 compressed (RFC 5952). Empty where the authority is not in normal form.
    """
    return _kept_forms(authority) if len(authority) <= _LONGEST_KEPT else _forms(authority)


def _forms(authority: str) -> tuple[str, ...]:
    # ASCII first: lower() turns the Kelvin sign into a "k".
    found = _AUTHORITY.fullmatch(authority.lower()) if authority.isascii() else None
    if found is None or int(found["port"] or 1) > 65535:  # noqa: PLR2004 - TCP's last port
        return ()
    host = _ipv6(found["ipv6"]) if found["ipv6"] else _name(found["name"])
    if host is None:
        return ()
    return (host, f"{host}:{found['port']}") if found["port"] else (host,)


_kept_forms = lru_cache(_KEPT)(_forms)


def _ipv6(text: str) -> str | None:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    # RFC 5952, section 5; by ourselves, since Python does so from 3.13 on alone.
    return f"[::ffff:{address.ipv4_mapped}]" if address.ipv4_mapped else f"[{address}]"


def _name(text: str) -> str | None:
    if _NUMERIC.fullmatch(text) is None:
        return text
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        return None
