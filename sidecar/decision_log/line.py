"""A record as a line of JSON (RFC 8259), in ASCII: no character in it ends a line, for whichever reader."""

import json
from collections.abc import Mapping

from sidecar.core.strict_json import Json
from sidecar.decision_log.reading import CUT

#: Bytes that a pipe takes as a whole, whoever else writes into it (PIPE_BUF of Linux, pipe(7)).
MOST_BYTES = 4096

#: Every character beyond ASCII is an escape: U+2028 and U+2029, which JavaScript took for ends of lines, among them.
_encode = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode
#: What goes first where a line is too long, and what is cut then.
_LEAST = ("detail", "hooks", "audited", "dry_run")
_CUT = ("path", "subject", "host", "policy", "issuer", "method", "address", "process", "version", "request_id")
_LENGTHS = (256, 64, 16, 4)


def line_of(record: Mapping[str, Json], most: int = MOST_BYTES) -> bytes:
    """Return it with its end, in at most ``most`` bytes, of at least 1000: then ``cut`` is true in it."""
    line = _line(record)
    if len(line) <= most:
        return line
    less = {**record, "cut": True}
    for name in _LEAST:
        if less.pop(name, None) is not None and len(line := _line(less)) <= most:
            return line
    for length in _LENGTHS:
        for name in _CUT:
            value = less.get(name)
            if isinstance(value, str) and len(value) > length:
                less[name] = value[: length - 1] + CUT
                if len(line := _line(less)) <= most:
                    return line
    return line


def _line(record: Mapping[str, Json]) -> bytes:
    return _encode(record).encode("ascii") + b"\n"
