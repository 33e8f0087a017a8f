"""Credentials that stand where none should be: a token in a path, in a request's id, in a subject.

No field of a record is made of a credential, a cookie or a query. But clients write what they like into those that are
told, and some write the very token. What is taken out of every text:

1. whatever the request has as its credential, wherever that may be by the configuration, and each part of it;
2. what looks like a JWT or a part of one;
3. API keys of the configuration, by their digest;
4. passwords in URLs, and values that are called a secret, as ``;jsessionid=…``.

Where a text has any of it percent-encoded, nothing of it is told, and so it is where finding that out would take long:
a client must not be able to keep us busy with that. What nobody can tell from an identifier, such as an
opaque token that is in the path and nowhere else, is not found: paths that have such are to be masked altogether.
"""

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice
from urllib.parse import unquote

from sidecar.core.sent import SentRequest
from sidecar.core.trust import Trust
from sidecar.decision_log.reading import CUT, MASK
from sidecar.observe.masking import masked_url, without_parameters, without_userinfo

#: Headers with credentials, whatever the configuration takes them from.
_HEADERS = ("authorization", "proxy-authorization", "dpop")
_PARAMETER = "access_token"
#: Characters of the shortest part that is looked for: by less any word in a path would be a secret.
_SHORTEST = 8
#: What one value is taken apart into, and how much of it: no credential that is taken anywhere has more.
_PIECE, _MOST_PIECES = re.compile(r"[^\s,;=\"'&]+"), 64
#: A header or claims of a JWT: JSON objects in base64url. Both together, whatever space is in them.
#: In linear time: a run of such characters is looked at from its beginning, or is found at once.
_JWT = re.compile(
    r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*|(?<![A-Za-z0-9_-])e[wy][A-Za-z0-9_-]{8,}\.e[wy][A-Za-z0-9_.-]+",
    re.ASCII,
)
#: What may be an API key, which has 32 characters at least, and no dots.
_WORD = re.compile(r"[A-Za-z0-9_~+-]{32,}=*", re.ASCII)
#: Characters of an encoded text that are looked into.
_MOST_ENCODED = 2048
#: How often a text may be encoded one over the other.
_LAYERS = 3
#: What is looked for, and in how many cookies or parameters: an honest request has a dozen.
_MOST_SECRETS, _MOST_PAIRS = 128, 1024
#: Characters of a value that is percent-encoded: decoding one of 60 KiB takes 10 ms, and no token is so large.
_MOST_DECODED = 8192
#: Characters looked at for one text, times what is looked for: a millisecond's at the very most.
_MOST_WORK = 131_072


class _TooManyError(Exception):
    """A request has more that may be secret than is looked for."""


class Redaction:
    """Of one request. Texts are told in pieces of at most ``most`` characters, cut once nothing secret is in them."""

    def __init__(self, sent: SentRequest | None, trust: Trust) -> None:
        #: ``None``: too many, so that no text is told.
        self._secrets = [] if sent is None else _sorted(sent, trust)
        self._api_keys = [one.api_keys for one in trust.issuers.values() if one.api_keys]

    def text(self, text: str, most: int) -> str:
        """Return ``text`` without anything secret, readable by any reader of JSON, and cut with ``…``."""
        if self._secrets is None or len(text) * len(self._secrets) > _MOST_WORK:
            return MASK
        if "%" in text:
            if len(text) > _MOST_ENCODED:
                # Whole segments: half of one might be half of something secret.
                text = text.partition("%")[0].rpartition("/")[0] + CUT
            elif self._is_encoded_in(text):
                return MASK
        # Of a URL that is cut nobody could tell any more what a password was.
        shown = without_parameters(without_userinfo(self._plain(text))[: most + 1])
        if not shown.isascii():
            # Bytes that are no UTF-8 (PEP 383), and whatever else is half a character, as an escape.
            shown = shown.encode("utf-8", "backslashreplace").decode("utf-8")
        return shown if len(shown) <= most else shown[: most - 1] + CUT

    def _plain(self, text: str) -> str:
        for secret in self._secrets or ():
            if secret in text:
                text = text.replace(secret, MASK)
        if "e" in text:
            text = _JWT.sub(MASK, text)
        if self._api_keys:
            text = _WORD.sub(self._without_key, text)
        return text

    def _without_key(self, found: re.Match[str]) -> str:
        word = found.group()
        digests = {sha256(one.encode()).digest() for one in (word, word.rstrip("="))}
        return MASK if any(not digests.isdisjoint(keys) for keys in self._api_keys) else word

    def _is_encoded_in(self, text: str) -> bool:
        """Say whether there is anything secret in a text that is decoded, or may be: there is no end to decoding it."""
        for _ in range(_LAYERS + 1):
            decoded = unquote(text, errors="replace")
            if decoded == text:
                return False
            if masked_url(self._plain(decoded)) != decoded:
                return True
            text = decoded
        return True


def _sorted(sent: SentRequest, trust: Trust) -> list[str] | None:
    """Return what is looked for, the longest first; ``None`` where it is too much."""
    try:
        found = list(islice(_secrets(sent, trust), _MOST_SECRETS + 1))
    except _TooManyError:
        return None
    return sorted(set(found), key=len, reverse=True) if len(found) <= _MOST_SECRETS else None


def _secrets(sent: SentRequest, trust: Trust) -> Iterator[str]:
    for value in _values(sent, trust):
        for piece in islice(_PIECE.finditer(value), _MOST_PIECES):
            yield from _parts(piece.group())


def _values(sent: SentRequest, trust: Trust) -> Iterator[str]:
    settings = trust.response
    for name in {*_HEADERS, *settings.token_headers}:
        value = sent.headers.get(name)
        if value:
            yield value
    if settings.token_cookies:
        yield from _named(sent.headers.get("cookie", ""), ";", settings.token_cookies)
    if sent.query:
        yield from _named(sent.query, "&", (_PARAMETER, *settings.token_parameters))


def _named(text: str, between: str, names: Iterable[str]) -> Iterator[str]:
    """Yield the values of the pairs that are called so, in whatever spelling; raises ``_TooManyError``."""
    if text.count(between) > _MOST_PAIRS:
        raise _TooManyError
    wanted = {name.lower() for name in names}
    for pair in text.split(between):
        name, _, value = pair.partition("=")
        if unquote(name).strip().lower() in wanted:
            yield value


def _parts(piece: str) -> Iterator[str]:
    if len(piece) > _MOST_DECODED and "%" in piece:
        raise _TooManyError
    for spelling in {piece, unquote(piece)}:
        if len(spelling) >= _SHORTEST:
            yield spelling
        if "." in spelling:
            yield from (part for part in spelling.split(".")[:_MOST_PIECES] if len(part) >= _SHORTEST)
