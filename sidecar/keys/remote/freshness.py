"""How long an answer is fresh, by its own word (RFC 9111, section 4.2)."""

import re
from collections.abc import Mapping

#: Directives, with the value of those that have one, quoted or not (RFC 9111, section 5.2).
_DIRECTIVE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s*=\s*(?:\"([^\"]*)\"|([^\s,]*)))?", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,10}", re.ASCII)


def fresh_seconds(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds an answer with ``headers`` stays fresh, or ``None`` where it does not say.

    What is not to be stored is fresh for no time; so is what says so in a way that cannot be read. ``Age`` is what it
    has spent in caches on its way.
    """
    directives = {
        name.lower(): quoted or plain for name, quoted, plain in _DIRECTIVE.findall(_get(headers, "cache-control"))
    }
    if "no-store" in directives or "no-cache" in directives:
        return 0.0
    if "max-age" not in directives:
        return None
    return max(0.0, _seconds(directives["max-age"]) - _seconds(_get(headers, "age")))


def _get(headers: Mapping[str, str], name: str) -> str:
    return headers.get(name, "")


def _seconds(text: str) -> float:
    return float(text) if _SECONDS.fullmatch(text) else 0.0
