"""What ``token mint`` is told to sign: claims from options, from a file, or a line each from standard input."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure, read_file
from sidecar.core.strict_json import Json, JsonError, loads_object
from sidecar.tokens.claims import encode_part

#: Claims that every token needs. What they say is not looked at: bad tokens are needed too.
_NEEDED = {"iss": "--issuer", "sub": "--subject", "aud": "--audience"}


def from_options(
    issuer: str | None, subject: str | None, audiences: Iterable[str], scope: str, more: Iterable[str]
) -> dict[str, Json]:
    """Return the claims that options give; ``more`` are ``NAME=JSON``. Raises ``Failure``."""
    named: dict[str, Json] = {"iss": issuer or None, "sub": subject or None, "scope": scope or None}
    several = list(audiences)
    if several:
        named["aud"] = [*several] if len(several) > 1 else several[0]
    return {name: value for name, value in named.items() if value is not None} | dict(map(_claim, more))


def from_file(path: Path) -> Mapping[str, Json]:
    """Return the claims in a file, one JSON object; raises ``Failure``."""
    return _object(read_file(path), str(path))


def from_lines(lines: Iterable[bytes]) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Give the place and the claims of each line that is not empty, a JSON object (JSON Lines); raises ``Failure``."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield f"line {number}", _object(line, f"line {number}")


def payload(place: str, claims: Mapping[str, Json]) -> bytes:
    """Return the second part of the token; raises ``Failure``, which names ``place``, for a claim that is missing."""
    for name, option in _NEEDED.items():
        if name not in claims:
            raise Failure(f"{place}: no {name}; give {option}, or the claim", ExitCode.USAGE)
    try:
        return encode_part(claims)
    except ValueError as error:
        # A claim such as NaN, which Python's JSON reads.
        raise Failure(f"{place}: cannot be signed: {error}", ExitCode.USAGE) from None


def _object(text: bytes, place: str) -> Mapping[str, Json]:
    try:
        return loads_object(text)
    except JsonError as error:
        raise Failure(f"{place}: not a JSON object: {error}", ExitCode.USAGE) from None


def _claim(text: str) -> tuple[str, Json]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise Failure(f"--claim {text!r}: write NAME=VALUE", ExitCode.USAGE)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
