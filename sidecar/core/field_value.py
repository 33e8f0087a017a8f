"""Values as texts that a header carries faithfully (RFC 9110, section 5.5): refused, never repaired.

A cut or cleaned value names somebody else.
"""

import json
import re

from sidecar.core.strict_json import Json

#: Letters and marks that show nothing, and so make one name look like another: Hangul fillers, the combining grapheme
#: joiner, Khmer's inherent vowels, Mongolian and other variation selectors, the empty Braille pattern. Unicode counts
#: all of them as printable.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufffc\U00016fe4\U0001d159\U000e0100-\U000e01ef]"
)


class UnsafeValueError(ValueError):
    """A value that no header carries faithfully."""


def field_text(value: Json, longest: int) -> str:
    """Return a value as a header's text of ``longest`` bytes at most, empty for ``None``.

    Lists of texts are joined by commas; all that is neither is as in JSON. Raises ``UnsafeValueError``.
    """
    text = value if isinstance(value, str) else _text(value)
    # isprintable() refuses control characters, CR, LF, NUL, and the separators and invisible marks of Unicode that a
    # reader may trim or drop; outer spaces are trimmed by every HTTP parser (RFC 9110, section 5.5).
    if not text.isprintable() or text != text.strip(" ") or _INVISIBLE.search(text):
        raise UnsafeValueError("a character that no header carries faithfully")
    if len(text.encode()) > longest:
        raise UnsafeValueError(f"longer than {longest} bytes")
    return text


def _text(value: Json) -> str:
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(member, str) for member in value):
        return ",".join(_member(str(member)) for member in value)
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except ValueError:
        raise UnsafeValueError("no number that JSON has") from None


def _member(text: str) -> str:
    """Return one member of a list if whoever splits the header at commas gets it back as it was."""
    if not text or "," in text or text != text.strip():
        raise UnsafeValueError("a list member is empty, or has a comma or outer spaces")
    return text
