"""Envoy's default access log, and Istio's, which has more fields at the end.

[time] "METHOD path PROTOCOL" … "x-forwarded-for" "user-agent" "x-request-id" "authority" "upstream" …
"""

import re
from collections.abc import Mapping

from sidecar.core.strict_json import Json

_HEAD = re.compile(r'\[(?P<time>[^\]\s]+)\] "(?P<method>\S+) (?P<path>\S+) HTTP/[0-9.]+" ')
#: Parts between quotes that end a line: behind the user agent a space, id, space, host, space, upstream and the rest.
_BEHIND_AGENT = 7
#: Of what Istio adds: upstream's cluster and our address to it, then the client's connection.
_REST = re.compile(r" \S+ \S+ (?P<local>\S+) (?P<remote>\S+) (?P<sni>\S+) \S+")


def read_text(line: str) -> Mapping[str, Json] | None:
    """Return what is in a line, by the names of JSON logs; ``None`` where it is of another form."""
    line = line.rstrip("\r\n")
    head = _HEAD.match(line)
    named = None if head is None else _named(line[head.end() :])
    if head is None or named is None:
        return None
    found: dict[str, Json] = {
        "time": head["time"],
        "method": head["method"],
        "path": head["path"],
        "host": named["host"],
        "x-forwarded-for": named["forwarded"],
        "user-agent": named["agent"],
        "x-request-id": named["id"],
    }
    rest = _REST.fullmatch(named["rest"])
    if rest is not None:
        found |= {
            "downstream_local_address": rest["local"],
            "downstream_remote_address": rest["remote"],
            "sni": rest["sni"],
        }
    return found


def _named(text: str) -> Mapping[str, str] | None:
    """Return what is quoted, by name, and the rest behind it; ``None`` where it is of another form.

    It may have anything but quotes in it; a user agent may have these as well, thousands of them if a client likes: so
    this is no pattern, which would look from each of them to the end.
    """
    parts = text.split('"')
    before, behind = parts[:-_BEHIND_AGENT], parts[-_BEHIND_AGENT:]
    if len(behind) < _BEHIND_AGENT or any(behind[place] != " " for place in (0, 2, 4)):
        return None
    # The first two that stand beside each other.
    first = next((place for place in range(1, len(before) - 2) if before[place + 1] == " "), None)
    if first is None:
        return None
    agent = '"'.join(before[first + 2 :])
    return {"forwarded": before[first], "agent": agent, "id": behind[1], "host": behind[3], "rest": behind[6]}
