"""Which header lists are malformed (RFC 9113, sections 8.1.1, 8.2 and 8.3).

One rule is left out: values that begin or end with a space are let pass. Envoy lets its clients send them, and with
tracing such a value reaches us as ``tracestate``: whoever sends one must not get a gRPC error for it. And values that
are large are not looked at (``header_cut``).
"""

import re
from collections.abc import Iterator

from sidecar.transport.native.header_memo import Fields

_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")
_PSEUDO = frozenset((b":method", b":scheme", b":path", b":authority"))
_REQUIRED = (b":method", b":scheme", b":path")
_OF_CONNECTIONS = frozenset((b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"))
_LENGTH = re.compile(rb"[0-9]{1,15}")


def malformed_request(fields: Fields) -> str:
    """Say what is malformed about a request's fields; empty: nothing."""
    problem = next(_problems(fields), "")
    if problem:
        return problem
    pseudo = dict(pair for pair in fields if pair[0][:1] == b":")
    for name in _REQUIRED:
        if not pseudo.get(name):
            return f"no {name.decode()}"
    lengths = {value for name, value in fields if name == b"content-length"}
    if len(lengths) > 1 or any(not _LENGTH.fullmatch(value) for value in lengths):
        return "a content-length that is none"
    return ""


def malformed_trailers(fields: Fields) -> str:
    """Say what is malformed about trailers; empty: nothing."""
    if any(name[:1] == b":" for name, _ in fields):
        return "a pseudo-header in trailers"
    return next(_problems(fields), "")


def _problems(fields: Fields) -> Iterator[str]:
    # Each pair once: a table's entry of 4 KiB takes a byte to be there once more.
    for name, value in dict.fromkeys(fields):
        if name[:1] != b":" and not _NAME.fullmatch(name):
            yield "a header name with characters that none has"
        if b"\0" in value or b"\r" in value or b"\n" in value:  # 1 µs for 4 KiB, a pattern 20
            yield "a header value with NUL, CR or LF"
    seen: set[bytes] = set()
    regular = False
    for name, value in fields:
        if name[:1] == b":":
            if name not in _PSEUDO:
                yield "a pseudo-header that no request has"
            if name in seen or regular:
                yield f"{name.decode()} twice, or after other headers"
            seen.add(name)
        else:
            regular = True
            if name in _OF_CONNECTIONS or (name == b"te" and value != b"trailers"):
                yield f"{name.decode()}, which HTTP/2 has not"
