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
        texts = [value.removesuffix(CUT) for value in values if isinstance(value, str)]
        _take_out(record, [text for text in texts if len(text) >= _SHORTEST])

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
        if not isinstance(text, str):
            continue
        for value in values:
            text = text.replace(value, MASK)
        decoded = unquote(text)
        record[name] = MASK if decoded != text and any(value in decoded for value in values) else text


def _in(place: Json, name: str) -> Json:
    if isinstance(place, dict):
        return place.get(name)
    if isinstance(place, list) and name.isdecimal() and int(name) < len(place):
        return place[int(name)]
    return None
