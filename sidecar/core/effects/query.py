"""Query parameters that policies set or remove (RFC 3986, section 3.4), as Envoy does it.

Envoy takes a raw query apart at ``&`` and ``=``, compares names as they are spelt, and writes it anew in the order of
the names. A parameter in another spelling than its plain one (``%74enant``, ``Tenant``, ``;tenant``) would pass by it,
and some upstream would take it for the one that was set: such a request is refused.
"""

import re
from urllib.parse import quote

from sidecar.core.reason import Reason, Refusal
from sidecar.core.spelling import parameters

#: Parameters that a query may have: each is held against all names, and 60 KiB of ``&`` would take long.
MOST = 1024


def sent_parameters(query: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of ``names``, which are sorted, that are in a raw query, once each.

    Raises ``Refusal`` for one in another spelling, and for more parameters than are looked at.
    """
    if not query or not names:
        return ()
    if query.count("&") + query.count(";") >= MOST:
        raise Refusal(Reason.QUERY_NOT_NORMAL, f"more than {MOST} parameters")
    found = (_plain(one, names, query) for one in parameters(names).finditer(query))
    return tuple(dict.fromkeys(found))


def encoded(text: str) -> str:
    """Return a text as a parameter's value, percent-encoded but for what RFC 3986 calls unreserved."""
    return quote(text, safe="")


def _plain(found: re.Match[str], names: tuple[str, ...], query: str) -> str:
    """Return the name that was found, if it is spelt as it is; raises ``Refusal``."""
    name = names[(found.lastindex or 0) - 2]
    if found[0].removeprefix("&") != name or query[found.end() : found.end() + 1] not in {"", "=", "&"}:
        raise Refusal(Reason.QUERY_NOT_NORMAL, f"{name}: not in its plain spelling")
    return name
