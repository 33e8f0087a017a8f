"""Fields of a record by JSON Pointer (RFC 6901): ``/subject``, ``/dry_run/policy``, ``/hooks/0/hook``."""

import difflib
import re
from collections.abc import Mapping

from sidecar.decision_log.fields import SHAPE, Shape

#: Section 3: "~" is written "~0" and "/" is written "~1".
_TOKEN = re.compile(r"(?:[^/~]|~[01])*")
#: Section 4: an index of an array, without zeros before it.
_INDEX = re.compile(r"0|[1-9][0-9]{0,3}", re.ASCII)

Path = tuple[str, ...]


def parse(text: str) -> Path:
    """Return the names and indices of a pointer to a field that a record may have; raises ``ValueError``."""
    tokens = text.split("/")
    if tokens[0] or len(tokens) == 1 or not all(map(_TOKEN.fullmatch, tokens)):
        raise ValueError(f"{text!r} is no JSON pointer to a field (RFC 6901); write '/' and its name, as '/subject'")
    path = tuple(token.replace("~1", "/").replace("~0", "~") for token in tokens[1:])
    _look_up(text, path)
    return path


def parse_text(text: str) -> Path:
    """Do the same for a field that holds a single value, and no object or list."""
    path = parse(text)
    if _look_up(text, path) is not None:
        raise ValueError(f"{text!r} is no single value; name one in it")
    return path


def _look_up(text: str, path: Path) -> Shape:
    shape: Shape = SHAPE
    for token in path:
        if shape is None:
            raise ValueError(f"{text!r}: {token!r} is below a single value, which has nothing below it")
        if isinstance(shape, Mapping):
            if token not in shape:
                raise ValueError(f"{text!r}: there is no field {token!r}{_hint(token, shape)}")
            shape = shape[token]
        else:
            if _INDEX.fullmatch(token) is None:
                raise ValueError(f"{text!r}: {token!r} is no index of a list; write '/{path[0]}' for all of it")
            shape = shape[0]
    return shape


def _hint(token: str, shape: Mapping[str, Shape]) -> str:
    near = difflib.get_close_matches(token, shape, n=1)
    meant = f" (did you mean {near[0]!r}?)" if near else ""
    return f"{meant}; there are: {', '.join(shape)}"
