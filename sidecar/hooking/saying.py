"""What a hook returned, looked at: nothing of it is believed before."""

import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sidecar.core.field_value import UnsafeValueError, field_text
from sidecar.core.hooked import ENDS, HookAnswer, HookResult
from sidecar.hooks.decision import Decision, Kind

#: Headers that one hook may add; bytes of its metadata as JSON, and how deep they may be; characters of its texts.
_MOST_HEADERS, _MOST_BYTES, _DEEPEST, _LONGEST = 16, 4096, 8, 256
#: Beyond this a double, which is what Envoy's metadata have, cannot tell all integers apart.
_LARGEST_EXACT = 2**53 - 1
_CONSENTS = frozenset({HookResult.ALLOW, HookResult.NOTHING})
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]{1,128}")


class WrongAnswerError(ValueError):
    """What a hook returned is no decision. The text says why; it has nothing of any request."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a hook may say. ``max_header_bytes`` is for one value."""

    sets_headers: frozenset[str]
    max_header_bytes: int


def said(call: str, returned: object, limits: Limits) -> HookAnswer:
    """Return what a hook says; raises ``WrongAnswerError``."""
    if returned is None:
        return HookAnswer(call, HookResult.NOTHING)
    # The very type: whatever derives from it could say one thing now and another later.
    if type(returned) is not Decision:
        raise WrongAnswerError(
            f"it returned a {type(returned).__name__}; return deny(…), add(…), allow() or None"
            + ("; write async def for what awaits" if hasattr(returned, "__await__") else "")
        )
    if returned.kind is Kind.DENY:
        return _denial(call, returned)
    if returned.kind not in {Kind.ADD, Kind.ALLOW}:
        raise WrongAnswerError("a decision that deny, add and allow do not make")
    result = HookResult.ADD if returned.kind is Kind.ADD else HookResult.ALLOW
    headers = _headers(returned.headers, limits)
    metadata = _metadata(returned.metadata)
    return HookAnswer(call, result, headers=headers, metadata=metadata)


def failed(call: str, text: str, result: HookResult = HookResult.FAILED) -> HookAnswer:
    """Return that a hook failed, and why."""
    return HookAnswer(call, result, _printable(text))


def _denial(call: str, decision: Decision) -> HookAnswer:
    status, reason, message = decision.status, decision.reason, decision.message
    if type(status) is not int or not 400 <= status <= 599:  # noqa: PLR2004 - HTTP's client and server errors
        raise WrongAnswerError("deny: its status is none from 400 to 599")
    if type(reason) is not str or type(message) is not str:
        raise WrongAnswerError("deny: reason and message are texts")
    return HookAnswer(call, HookResult.DENY, _printable(reason), status, _printable(message))


def _headers(given: object, limits: Limits) -> tuple[tuple[str, str], ...]:
    if not isinstance(given, Mapping) or len(given) > _MOST_HEADERS:
        raise WrongAnswerError(f"headers are a mapping of at most {_MOST_HEADERS} names to texts")
    found: dict[str, str] = {}
    for name, value in given.items():
        if type(name) is not str or type(value) is not str:
            raise WrongAnswerError("headers are texts, names and values")
        # ASCII first: lower() turns the Kelvin sign into a "k".
        lower = name.lower() if name.isascii() else ""
        if _NAME.fullmatch(lower) is None:
            raise WrongAnswerError("a header's name has letters that no header's has")
        if lower not in limits.sets_headers:
            raise WrongAnswerError(f"the header {lower!r} is not declared; write @hook(sets_headers=[{lower!r}])")
        if lower in found:
            raise WrongAnswerError(f"the header {lower!r} twice, in two spellings")
        try:
            found[lower] = field_text(value, limits.max_header_bytes)
        except UnsafeValueError as error:
            raise WrongAnswerError(f"the value of {lower!r}: {error}") from None
        if not value:
            raise WrongAnswerError(f"the value of {lower!r} is empty")
    return tuple(sorted(found.items()))


def _metadata(given: object) -> str:
    if not isinstance(given, Mapping):
        raise WrongAnswerError("metadata are a mapping of names to JSON")
    if not given:
        return ""
    text = json.dumps(_plain(given, _DEEPEST), ensure_ascii=False, sort_keys=True)
    if len(text.encode()) > _MOST_BYTES:
        raise WrongAnswerError(f"metadata of more than {_MOST_BYTES} bytes")
    return text


def _plain(value: object, depth: int) -> object:
    """Return a copy as JSON has it, integers that no double holds as text."""
    if depth < 0:
        raise WrongAnswerError(f"metadata more than {_DEEPEST} levels deep")
    if value is None or type(value) is bool:
        return value
    if type(value) is str:
        return _unicode(value)
    if type(value) is int:
        return value if abs(value) <= _LARGEST_EXACT else str(value)
    if type(value) is float and math.isfinite(value):
        return value
    if isinstance(value, Mapping):
        if not all(type(name) is str for name in value):
            raise WrongAnswerError("a name in metadata that is no text")
        return {_unicode(name): _plain(member, depth - 1) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member, depth - 1) for member in value]
    raise WrongAnswerError(f"metadata with a {type(value).__name__}, which is no JSON")


def _unicode(text: str) -> str:
    if len(text) > _MOST_BYTES or any("\ud800" <= one <= "\udfff" for one in text):
        raise WrongAnswerError("metadata with a text that is too long, or no Unicode")
    return text


def _printable(text: str) -> str:
    """Return a text that goes into logs, JSON and Envoy's metadata as it is."""
    return "".join(one if one.isprintable() else "�" for one in text[:_LONGEST])


def joined(answers: Collection[HookAnswer]) -> HookAnswer:
    """Return what a hook says of a request whose path may be read in several ways, by its answers to each.

    INVARIANT: any reading denies, and all must allow.
    """
    first, *others = answers
    for one in answers:
        if one.result in ENDS:
            return one
    if all(one == first for one in others):
        return first
    if all(one.result in _CONSENTS and not one.headers and not one.metadata for one in answers):
        return HookAnswer(first.hook, HookResult.NOTHING)
    return failed(first.hook, "it says one thing of one reading of the path, and another of another")
