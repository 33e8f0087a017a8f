"""What operators want nobody to read in a record: taken out, or put as a keyed hash by which lines can be joined."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from urllib.parse import unquote

from sidecar.core.strict_json import Json
from sidecar.decision_log.pointer import Path
from sidecar.decision_log.reading import CUT, HASHED, MASK

#: Bytes of a key: what is shorter could be found by trying, and with it all subjects that somebody can think of.
LEAST_KEY_BYTES, MOST_KEY_BYTES = 32, 64
_DIGEST_BYTES = 16
#: Fields in which somebody else may have put what is in another one: ``/users/alice``, "alice is over the limit".
_FREE = ("host", "path", "request_id", "detail")
#: Characters of the shortest value that is looked for there: less are in any word.
_SHORTEST = 4
#: How often a text may be encoded one over the other.
_LAYERS = 3


@dataclass(frozen=True, slots=True)
class Masks:
    """``hidden`` and ``hashed`` are paths of fields, the latter of single values. ``key`` is for the hashes."""

    hidden: Sequence[Path] = ()
    hashed: Sequence[Path] = ()
    key: bytes = field(default=b"", repr=False)

    def apply(self, record: dict[str, Json]) -> None:
        """Change ``record``. What is not there stays so, and so does what is ``None``."""
        values = [self._put(record, path, hashed=True) for path in self.hashed]
        values += [self._put(record, path, hashed=False) for path in self.hidden]
        _take_out(record, [text for text in values if isinstance(text, str) and len(text) >= _SHORTEST])

    def _put(self, record: dict[str, Json], path: Path, *, hashed: bool) -> Json:
        """Return what was there."""
        place: Json = record
        for name in path[:-1]:
            place = _in(place, name)
        last = path[-1]
        value = _in(place, last)
        if value is None:
            return None
        shown = self._hash(value) if hashed else MASK
        if isinstance(place, dict):
            place[last] = shown
        elif isinstance(place, list):
            place[int(last)] = shown
        return value

    def _hash(self, value: Json) -> str:
        text = str(value).encode("utf-8", "surrogatepass")
        return HASHED + blake2b(text, key=self.key, digest_size=_DIGEST_BYTES, person=b"decision log").hexdigest()


def _take_out(record: dict[str, Json], values: Sequence[str]) -> None:
    """Mask ``values`` wherever else they stand; where one is percent-encoded, all of the text."""
    for name in _FREE:
        text = record.get(name)
        if isinstance(text, str):
            record[name] = _without(text, values)


def _without(text: str, values: Sequence[str]) -> str:
    for value in values:
        before, found, _ = text.partition(value.removesuffix(CUT))
        if found:
            # Behind what is cut its end may stand, which nobody knows.
            text = before + MASK if value.endswith(CUT) else text.replace(value, MASK)
        elif text.endswith(CUT):
            text = _without_beginning(text, value)
    decoded = text
    for _ in range(_LAYERS):
        decoded = unquote(decoded)
        if any(value.removesuffix(CUT) in decoded for value in values):
            return MASK
    return text


def _without_beginning(text: str, value: str) -> str:
    """Mask what a text that is cut has of ``value`` at its end."""
    told = text.removesuffix(CUT)
    for size in range(min(len(value), len(told)), _SHORTEST - 1, -1):
        if told.endswith(value[:size]):
            return told[:-size] + MASK
    return text


def _in(place: Json, name: str) -> Json:
    if isinstance(place, dict):
        return place.get(name)
    if isinstance(place, list) and name.isdecimal() and int(name) < len(place):
        return place[int(name)]
    return None
