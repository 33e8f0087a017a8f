"""JSON objects read so that no two readers can disagree about them (RFC 8259; I-JSON, RFC 7493).

Refused: anything but UTF-8, a byte-order mark, duplicate members, ``NaN`` and ``Infinity``, numbers beyond a double's
range, lone surrogates, and nesting deeper than ``MAX_DEPTH``.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Final, NoReturn, TypeAlias

#: Any JSON value, as ``json`` gives it.
Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

#: Levels of objects and lists. Claims go to Envoy as a protobuf Struct, which takes three message levels for each, and
#: Envoy refuses a message nested deeper than 100: beyond this a decision could be lost on the way.
MAX_DEPTH: Final = 16
_ALWAYS_FINITE: Final = 300  # digits
_WHITE_SPACE: Final = " \t\n\r"  # RFC 8259, section 2


class JsonError(ValueError):
    """The bytes are not a JSON object that every reader reads alike."""


class DuplicateMemberError(JsonError):
    """An object has two members of one name, of which readers take the first, the last or neither."""


def loads_object(data: bytes) -> Mapping[str, Json]:
    """Read one JSON object; raises ``JsonError``."""
    return _loaded(data, _DECODER)


def loads_uncased_object(data: bytes) -> Mapping[str, Json]:
    """Read one JSON object, for readers of which some heed no case in names; raises ``JsonError``.

    Go's encoding/json and ASP.NET take ``Amount`` for ``amount``, and C libraries end a name at a NUL: members that are
    one and the same to such a reader are duplicates.
    """
    return _loaded(data, _UNCASED_DECODER)


def _loaded(data: bytes, decoder: json.JSONDecoder) -> Mapping[str, Json]:
    try:
        value = _parsed(data.decode("utf-8"), decoder)
    except DuplicateMemberError:
        raise
    except (ValueError, RecursionError) as error:
        raise JsonError(str(error)) from None
    if not isinstance(value, dict):
        raise JsonError("not an object")
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise JsonError("nested too deeply")
    # A surrogate can only come in through an escape; such a string cannot be encoded, and would fail much later.
    if b"\\u" in data:
        _refuse_surrogates(value)
    return value


def _parsed(text: str, decoder: json.JSONDecoder) -> Json:
    value: Json
    if text.startswith("{"):
        value, end = decoder.raw_decode(text)
        # As almost always nothing follows; or white space; or what ``decode`` would read all of it once more to refuse.
        if end != len(text) and (behind := text[end:].lstrip(_WHITE_SPACE)):
            raise json.JSONDecodeError("Extra data", text, len(text) - len(behind))
        return value
    value = decoder.decode(text)
    return value


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise DuplicateMemberError("a member is given twice")
    return members


def uncased(name: str) -> str:
    """Return what a member's name is to readers that heed no case, or end it at a NUL."""
    return name.partition("\0")[0].casefold()


def _uncased_object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    if len({uncased(name) for name, _ in pairs}) != len(pairs):
        raise DuplicateMemberError("a member is given twice")
    return dict(pairs)


def _constant(name: str) -> NoReturn:
    raise JsonError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise JsonError("a number is out of range")
    return number


def _integer(text: str) -> int:
    # A double holds every integer of 300 digits; looking at each as a float would double the time for long lists.
    if len(text) > _ALWAYS_FINITE:
        _finite(text)
    return int(text)


def _depth(value: Json) -> int:
    level: list[Json] = [value]
    depth = 0
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
    return depth


def _refuse_surrogates(value: Json) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise JsonError("a string has a lone surrogate") from None


def _decoder(members: Callable[[list[tuple[str, Json]]], dict[str, Json]]) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=members, parse_constant=_constant, parse_float=_finite, parse_int=_integer, strict=True
    )


_DECODER, _UNCASED_DECODER = _decoder(_object), _decoder(_uncased_object)
