"""Identity as header values that an upstream can trust: each header set or removed, exactly one of the two.

A value that a header cannot carry faithfully is refused, never repaired: a cut or cleaned value names somebody else.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from sidecar.core.assertion import Assertion
from sidecar.core.field_value import UnsafeValueError, field_text
from sidecar.core.headers_read import OVERRIDE_HEADERS
from sidecar.core.identity import Identity
from sidecar.core.policy.attributes import claim_at
from sidecar.core.reason import Reason, Refusal
from sidecar.core.spelling import ODD
from sidecar.core.strict_json import Json
from sidecar.core.trust import ResponseSettings

#: Header names that are kept as harmless, and the longest of them.
_MOST_LEARNT, _LONGEST_LEARNT = 256, 64


def identity_values(
    settings: ResponseSettings, identity: Identity | None, assertion: Assertion | None = None
) -> dict[str, str]:
    """Return header name to value for all that ``identity`` has; raises ``Refusal`` for a value that is not safe."""
    if identity is None:
        return {}
    found = dict(_values(settings, identity))
    if settings.assertion is not None:
        if assertion is None:  # INVARIANT: where it is asked for, no identity goes upstream without it
            raise Refusal(Reason.ASSERTION_UNAVAILABLE, "there is none")
        found[settings.assertion.header] = assertion.token
    texts = {name: _safe(name, value, settings.max_header_bytes) for name, value in found.items()}
    return {name: text for name, text in texts.items() if text}


def fixed_removals(settings: ResponseSettings, values: Mapping[str, str]) -> list[str]:
    """Return the names of the headers that the upstream must not get from any client, who is ``values``."""
    names = [name for name in settings.stripped_headers if name not in values]
    if not settings.forward_token:
        names += settings.token_headers
    return names


class SentRemovals:
    """Which headers that a client sent the upstream must not get. Mostly none.

    Names that were found harmless are kept: looking at them again is one step in C for all of a request's, where a look
    at each takes 1 µs.
    """

    def __init__(self, settings: ResponseSettings) -> None:
        self._settings = settings
        self._harmless: set[str] = set()
        #: Says whether all names in an iterable were found harmless before. If not, they may be all the same.
        self.are_harmless = self._harmless.issuperset

    def of(self, sent: Iterable[str]) -> list[str]:
        """Return the names among those that were ``sent``, in order of need."""
        if self.are_harmless(sent):
            return []
        names = list(sent)
        removed = [name for name in names if self._is_lookalike(name)]
        removed.sort()
        if self._settings.strip_override_headers:
            removed += [name for name in OVERRIDE_HEADERS if name in names]
        self._learn(frozenset(names).difference(removed))
        return removed

    def _is_lookalike(self, name: str) -> bool:
        """Say whether an upstream may mistake it for an identity header, or for one in a policy.

        CGI and WSGI fold ``-`` and ``_`` together, PHP ``.`` as well, so that ``x_auth_subject`` and ``x.auth.subject``
        would arrive as the subject (CVE-2015-0219).
        """
        return ODD.search(name) is not None and ODD.sub("-", name) in self._settings.guarded_headers

    def _learn(self, names: Iterable[str]) -> None:
        if len(self._harmless) >= _MOST_LEARNT:
            self._harmless.clear()  # somebody sends hundreds of names: those in use are soon learnt again
        usual = (name for name in names if len(name) <= _LONGEST_LEARNT)
        self._harmless.update(islice(usual, _MOST_LEARNT))


def _values(settings: ResponseSettings, identity: Identity) -> Iterator[tuple[str, Json]]:
    if settings.subject_header:
        yield settings.subject_header, identity.subject
    if settings.issuer_header:
        yield settings.issuer_header, identity.issuer
    if settings.scopes_header:
        yield settings.scopes_header, " ".join(sorted(identity.scopes))
    for path, name in settings.claim_headers:
        yield name, claim_at(identity.claims, path)


def _safe(name: str, value: Json, longest: int) -> str:
    try:
        return field_text(value, longest)
    except UnsafeValueError as error:
        raise Refusal(Reason.UNSAFE_IDENTITY, f"{name}: {error}") from None
