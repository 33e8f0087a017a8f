"""Envoy's default access log, and Istio's, which has more fields at the end.

[time] "METHOD path PROTOCOL" … "x-forwarded-for" "user-agent" "x-request-id" "authority" "upstream" …
"""

import re
from collections.abc import Mapping

from sidecar.core.strict_json import Json

_HEAD = re.compile(r'\[(?P<time>[^\]\s]+)\] "(?P<method>\S+) (?P<path>\S+) HTTP/[0-9.]+" ')
#: What is quoted may have anything but quotes in it; a user agent may have these as well.
_NAMED = re.compile(r'"(?P<forwarded>[^"]*)" "(?P<agent>.*)" "(?P<id>[^"]*)" "(?P<host>[^"]*)" "[^"]*"(?P<rest>[^"]*)$')
#: Of what Istio adds: upstream's cluster and our address to it, then the client's connection.
_REST = re.compile(r" \S+ \S+ (?P<local>\S+) (?P<remote>\S+) (?P<sni>\S+) \S+")


def read_text(line: str) -> Mapping[str, Json] | None:
    """Return what is in a line, by the names of JSON logs; ``None`` where it is of another form."""
    line = line.rstrip("\r\n")
    head = _HEAD.match(line)
    named = None if head is None else _NAMED.search(line, head.end())
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
