"""A line of a log to a ``Record``: JSON with our names or Envoy's, and Envoy's default text."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import IO, cast

from sidecar.core.strict_json import Json, JsonError, loads_object
from sidecar.decision_log.reading import is_record, is_whole
from sidecar.replay.envoy_text import read_text
from sidecar.replay.record import Record, Token

#: Bytes of the longest line: all headers and claims that Envoy and the sidecar take.
LONGEST = 1024 * 1024
_PORT, _LAST_PORT = re.compile(r"[0-9]{1,10}"), 65535  # fewer digits than int() refuses
#: Field -> what it may be called, ours first. The rest are the names in Envoy's documentation and Istio's default.
_NAMES = {
    "method": ("method", ":method", "request_method"),
    "host": ("host", "authority", ":authority", "request_authority"),
    "path": ("path", ":path", "x-envoy-original-path", "request_path"),
    "scheme": ("scheme", ":scheme"),
    "address": ("address", "downstream_direct_remote_address", "downstream_remote_address", "client_ip"),
    "principal": ("source_principal", "downstream_peer_uri_san"),
    "server_name": ("sni", "requested_server_name"),
    "destination": ("destination_address", "downstream_local_address"),
    "port": ("port",),
    "time": ("time", "start_time", "timestamp"),
}
#: Headers that Envoy's logs have under names of their own.
_HEADERS = {
    "x-forwarded-for": ("x_forwarded_for", "x-forwarded-for", "forwarded_for"),
    "user-agent": ("user_agent", "user-agent"),
    "x-request-id": ("request_id", "x_request_id", "x-request-id"),
}


class UnreadableError(Exception):
    """A line that has no request in it."""


def lines_of(file: IO[bytes]) -> Iterator[bytes]:
    """Give the lines of a log, each cut where it is too long to be one."""
    while line := file.readline(LONGEST + 1):
        yield line
        while line and not line.endswith(b"\n"):
            line = file.readline(LONGEST)


def read_line(line: bytes) -> Record:
    """Read a line; raises ``UnreadableError``, whose text says why."""
    if len(line) > LONGEST:
        raise UnreadableError(f"longer than {LONGEST} bytes")
    if not line.lstrip().startswith(b"{"):
        found = read_text(line.decode("utf-8", "replace"))
        if found is None:
            raise UnreadableError("neither a JSON object nor Envoy's default format")
        return _record(found)
    try:
        return _record(_known(loads_object(line)))
    except JsonError as error:
        raise UnreadableError(f"not a JSON object: {error}") from None


def _known(members: Mapping[str, Json]) -> Mapping[str, Json]:
    """Leave out of a record of the decision log what is not told as it was."""
    if not is_record(members):
        return members
    return {name: value for name, value in members.items() if not isinstance(value, str) or is_whole(value)}


def _record(members: Mapping[str, Json]) -> Record:
    method, host, path = (_text(members, name) for name in ("method", "host", "path"))
    if not (method and host and path):
        missing = [name for name, value in (("method", method), ("host", host), ("path", path)) if not value]
        raise UnreadableError(f"no {', '.join(missing)}")
    address = _address(_text(members, "address"))
    destination, port = _endpoint(_text(members, "destination"))
    token, claims, has_all = _token(members)
    return Record(
        method,
        host,
        path,
        scheme=_text(members, "scheme"),
        headers=_headers(members),
        address=address,
        principal=_text(members, "principal"),
        destination=destination,
        port=_checked(_port(members) or port),
        server_name=_text(members, "server_name"),
        time=_time(_text(members, "time")),
        token=token,
        claims=claims,
        has_all_claims=has_all,
        has_query=not is_record(members),  # it never has that
    )


def _text(members: Mapping[str, Json], name: str) -> str | None:
    return _first(members, _NAMES[name])


def _first(members: Mapping[str, Json], names: Iterable[str]) -> str | None:
    found = (members.get(name) for name in names)
    # "-" is Envoy's for what is not there.
    return next((one for one in found if isinstance(one, str) and one not in {"", "-"}), None)


def _headers(members: Mapping[str, Json]) -> Mapping[str, str | None]:
    given = members.get("headers")
    found: dict[str, str | None] = {}
    for name, aliases in _HEADERS.items():
        if any(alias in members for alias in aliases):
            found[name] = _first(members, aliases)
    for name, value in given.items() if isinstance(given, dict) else ():
        if value is None or isinstance(value, str):
            found[name.lower()] = value
        elif isinstance(value, list) and all(isinstance(one, str) for one in value):
            found[name.lower()] = ",".join(cast("list[str]", value))
        else:
            raise UnreadableError(f"headers: {name} is no text")
    return found


def _token(members: Mapping[str, Json]) -> tuple[Token, Mapping[str, Json], bool]:
    claims, subject, issuer = (members.get(name) for name in ("claims", "subject", "issuer"))
    if isinstance(claims, dict):
        return Token.GOOD, claims, True
    told = {name: value for name, value in (("iss", issuer), ("sub", subject)) if isinstance(value, str)}
    if told:
        return Token.GOOD, cast("Mapping[str, Json]", told), False
    # Said to be nobody, where all else would be said of it.
    return (Token.NONE if "subject" in members and subject is None and issuer is None else Token.UNKNOWN), {}, False


def _endpoint(text: str | None) -> tuple[str | None, int | None]:
    if text is None:
        return None, None
    host, colon, port = text.rpartition(":")
    if not colon or _PORT.fullmatch(port) is None or (host.count(":") and not host.startswith("[")):
        return text, None
    return host.strip("[]"), int(port)


def _address(text: str | None) -> str | None:
    return _endpoint(text)[0]


def _port(members: Mapping[str, Json]) -> int | None:
    found = members.get("port")
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _checked(port: int | None) -> int | None:
    if port is not None and not 0 <= port <= _LAST_PORT:
        raise UnreadableError("port: there is none of that number")
    return port


def _time(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise UnreadableError(f"time: {text[:40]!r} is none of ISO 8601") from None
