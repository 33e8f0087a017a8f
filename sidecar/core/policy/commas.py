"""Which terms have to be asked about several of a header's parts at once.

A header that was sent twice comes as one value with a comma. If one of the copies has a comma of its own, the upstream
sees a value that is neither the whole nor a part without commas. To most terms that makes no difference: what compares
with texts that have no comma is told by the parts. INVARIANT: a term is left out only if it is sure to be so.
"""

import re
from functools import lru_cache

from sidecar.core.policy.model import Term

#: A comma that may stand in a literal, be it as an escape (by its number, in whichever base).
_COMMA = re.compile(r"['\"][^'\"]*(?:,|\\[xXuU0-7])[^'\"]*['\"]")
_CALL = re.compile(r"([A-Za-z_]\w*)\s*\(")
#: Calls that are about texts without commas where their literals are.
_PLAIN = frozenset({"contains", "endsWith", "has", "in", "inCidr", "lowerAscii", "startsWith", "upperAscii"})
#: ``matches`` with a pattern of nothing but characters, classes and repetitions that no comma is among.
_PLAIN_MATCHES = re.compile(
    r"""matches\s*\(\s*[rR]?(['"])(?:[A-Za-z0-9 _^$|()*+?:/=@%;-]|\[[A-Za-z0-9_-]+\]|\\{1,2}[.dw/-])*\1\s*\)"""
)
#: Variables that are no text: whatever they are, they have no comma.
_NO_TEXT = frozenset({"request.headers", "request.time", "now", "destination.port"})


def needs_runs(term: Term) -> bool:
    """Say whether a term may tell a value with commas from its parts."""
    return bool(term.headers) and (len(term.headers) > 1 or not term.variables <= _NO_TEXT or _is_special(term.text))


@lru_cache(1024)
def _is_special(text: str) -> bool:
    if _COMMA.search(text) is not None or "<" in text or ">" in text or "[" in _PLAIN_MATCHES.sub("", _indexed(text)):
        return True
    return any(name not in _PLAIN for name in _CALL.findall(_PLAIN_MATCHES.sub("", text)))


def _indexed(text: str) -> str:
    """Return the text without the brackets that name a header, and those of lists."""
    return re.sub(r"request\.headers\[[^\[\]]*\]|\bin\s*\[[^\[\]]*\]", "", text)
