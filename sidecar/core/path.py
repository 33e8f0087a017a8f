r"""The request path: split from its query, and held against a normal form.

A policy that looks at one spelling of a path while the upstream looks at another is a bypass. Envoy forwards ``//``,
``..``, ``%2e%2e``, ``%2F``, ``;`` and ``\`` untouched unless it is told otherwise, so a path is never cleaned up here:
deciding on a cleaned-up path would decide on another request than the one that is routed. It is *held against* a normal
form, and what differs is denied.

``PathMode.REJECT`` (the default) knows one spelling for each path (RFC 3986, section 6.2.2, and stricter):

* it starts with ``/`` and has no empty, ``.`` or ``..`` segment (a trailing ``/`` is allowed), and none of its readings
  (see there) has one;
* raw characters are ``pchar`` of RFC 3986 without ``;`` (servlet containers cut ``;x`` off each segment before they
  match);
* percent-encodings have upper-case digits and never stand for an unreserved character, ``/``, ``\``, ``;``, a control
  character, or a ``%`` that would begin another encoding (double decoding); they spell valid UTF-8 (no overlong ``/``),
  and no character that Unicode normalisation turns into ``/``, ``.`` and the like (full-width forms).

The other modes are Istio's ``pathNormalization``. There Envoy normalises first (the generated configuration says so),
and a path that is not a fixed point of that normalisation shows that Envoy did not: it is denied as well.
"""

import re
import unicodedata
from enum import StrEnum
from urllib.parse import quote, unquote_to_bytes

#: ``pchar`` without percent-encodings and ``;``.
_RAW = "A-Za-z0-9._~!$&'()*+,=:@-"
_HEX = "[0-9A-F]"
#: Upper-case encodings of what may only be written encoded: no control, no unreserved, nor ``/`` (2F), ``;`` (3B) or
#: ``\`` (5C), which take a segment apart.
_ENCODED = (
    "%(?:"
    "2[0-46-9A-C]"  # space ! " # $ & ' ( ) * + ,
    "|25(?![0-9A-Fa-f]{2}|[uU])"  # a literal percent sign that begins no second encoding, nor %u002E
    "|3[AC-F]|40"  # : < = > ? @
    "|5[BDE]|60"  # [ ] ^ `
    "|7[BCD]"  # { | }
    f"|[89A-F]{_HEX}"  # bytes of UTF-8 sequences, checked by decoding
    ")"
)
#: ``.`` and ``..``, alone or between spaces, or before ``#`` or ``?``: a second hop that decodes trims and cuts those.
_DOTS = r"(?:%20|\+)*\.{1,2}(?:/|\Z|\+|%(?:20|23|3F))"
_SEGMENT = f"(?!{_DOTS})(?:[{_RAW}]|{_ENCODED})[{_RAW}]*(?:{_ENCODED}[{_RAW}]*)*"
#: Linear: no character can belong to two parts of it. Not possessive (``++``), which Python before 3.11.5 gets wrong.
_NORMAL = re.compile(f"/(?:{_SEGMENT}(?:/{_SEGMENT})*/?)?", re.ASCII)
#: What somebody's ``trim()`` takes off: white space of Unicode, and beside it U+FEFF (JavaScript), U+200B and U+180E.
_TRIMMED = "".join(map(chr, filter(lambda code: chr(code).isspace(), range(0x3001)))) + "\ufeff\u200b\u180e"
#: What takes a path apart, for somebody.
_DELIMITERS = frozenset("/\\.;%?#")

_DOT_SEGMENT = re.compile(r"(?:^|/)(?:\.|%2[eE]){1,2}(?:/|$)")
_ENCODED_UNRESERVED = re.compile(r"%(?:2[dDeE]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aAeE])")
_ENCODED_SLASH = re.compile(r"%(?:2[fF]|5[cC])")


class PathMode(StrEnum):
    """How a path must be spelt to be decided on; all but ``REJECT`` are Istio's ``pathNormalization`` modes."""

    REJECT = "reject"
    NONE = "none"
    BASE = "base"
    MERGE_SLASHES = "merge_slashes"
    DECODE_AND_MERGE_SLASHES = "decode_and_merge_slashes"


def is_normal(path: str, mode: PathMode) -> bool:
    """Say whether ``path`` (without query) is spelt as ``mode`` wants it."""
    return normal_readings(path, mode) is not None


def normal_readings(path: str, mode: PathMode) -> tuple[str, ...] | None:
    """Return the readings of ``path`` (without query); ``None`` where it is not spelt as ``mode`` wants it."""
    if mode is PathMode.REJECT:
        if _NORMAL.fullmatch(path) is None:
            return None
        # Nothing in it that could be read in another way: almost every path there is.
        return _plain_readings(path) if "%" in path or "+" in path else (path,)
    is_deviating = not path.startswith("/") or any(wrong(path) for wrong in _DEVIATIONS[mode])
    return None if is_deviating else readings(path, mode)


def readings(path: str, mode: PathMode) -> tuple[str, ...]:
    """Return every path that some upstream may take a normal ``path`` for; the first is ``path`` itself.

    As sent and decoded: ``/users%3Adelete`` is ``/users:delete`` to most frameworks. With ``+`` as a space, which is
    right for forms and wrong for paths. Cut at ``?`` or ``#`` by who decodes too early: ``/admin`` of ``/admin%3Fx``.
    With outer spaces of each segment trimmed: ``/admin`` of ``/admin%20``. And combinations of these, 13 at the
    most. What a deny rule finds in any of them is denied, and an allow rule must find all of them. Istio's modes look
    at the path as sent alone, as Istio does.
    """
    if mode is not PathMode.REJECT or not ("%" in path or "+" in path):
        return (path,)
    plain = decoded(path)
    wholes = dict.fromkeys((plain, plain.replace("+", " ")))
    cuts = dict.fromkeys(cut for whole in wholes for cut in (whole, whole.partition("?")[0], whole.partition("#")[0]))
    return tuple(dict.fromkeys((path, *cuts, *map(_trimmed, cuts))))


def _trimmed(path: str) -> str:
    return "/".join(segment.strip(_TRIMMED) for segment in path.split("/"))


def decoded(path: str) -> str:
    """Percent-decode ``path`` once, as UTF-8; raises ``UnicodeDecodeError`` where it is not UTF-8."""
    return unquote_to_bytes(path).decode("utf-8")


def encoded(path: str) -> str:
    """Percent-encode what a path in normal form may only have encoded; a ``%`` that is there stays."""
    return quote(path, safe="/%!$&'()*+,=:@~")


def _plain_readings(path: str) -> tuple[str, ...] | None:
    """Return the readings of ``path`` if it decodes to text, and is one without empty and dot segments to everybody."""
    if "%C2%8" in path or "%C2%9" in path:
        return None  # U+0080 to U+009F: control characters as well
    try:
        found = readings(path, PathMode.REJECT)
    except UnicodeDecodeError:
        return None
    # INVARIANT: no reading has a segment that another server would resolve: rules match it as it stands.
    is_plain = all(map(_is_resolved, found)) and not any(map(_normalises_to_delimiters, found))
    return found if is_plain else None


def _is_resolved(path: str) -> bool:
    *inner, last = path.split("/")[1:]
    return not ("" in inner or {".", ".."}.intersection((*inner, last)))


def _normalises_to_delimiters(path: str) -> bool:
    """Say whether Unicode normalisation (NFKC) makes a delimiter of something that was none, as of U+FF0F."""
    if path.isascii():
        return False
    # Each character for itself: two that combine make no delimiter.
    strange = (character for character in set(path) if not character.isascii())
    return any(not _DELIMITERS.isdisjoint(unicodedata.normalize("NFKC", character)) for character in strange)


def _has_dot_segment(path: str) -> bool:
    return _DOT_SEGMENT.search(path) is not None


def _has_backslash_or_fragment(path: str) -> bool:
    return "\\" in path or "#" in path


def _has_encoded_unreserved(path: str) -> bool:
    return _ENCODED_UNRESERVED.search(path) is not None


def _has_empty_segment(path: str) -> bool:
    return "//" in path


def _has_encoded_slash(path: str) -> bool:
    return _ENCODED_SLASH.search(path) is not None


_BASE = (_has_dot_segment, _has_backslash_or_fragment, _has_encoded_unreserved)
_DEVIATIONS = {
    PathMode.NONE: (),
    PathMode.BASE: _BASE,
    PathMode.MERGE_SLASHES: (*_BASE, _has_empty_segment),
    PathMode.DECODE_AND_MERGE_SLASHES: (*_BASE, _has_empty_segment, _has_encoded_slash),
}
