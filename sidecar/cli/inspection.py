"""A token in words: header, claims, times. Nothing here is verified."""

import json
from datetime import UTC, datetime

from sidecar.core import base64url
from sidecar.core.claims import Claims, time_claim
from sidecar.core.reason import Reason, Refusal
from sidecar.core.strict_json import JsonError, loads_object

_TIMES = {"iat": "issued", "nbf": "valid from", "exp": "expires"}


def inspect_token(compact: bytes, now: float) -> str:
    """Return a description of a compact JWS at ``now``; raises ``Refusal`` where it is not one.

    Reads more than the check does: a token with an unsupported algorithm is just what one wants to look at.
    """
    parts = compact.split(b".")
    if len(parts) != 3:  # noqa: PLR2004 - header, payload, signature
        raise Refusal(Reason.TOKEN_MALFORMED, "not three parts joined by dots")
    header, claims = (_object(part, name) for part, name in zip(parts, ("header", "payload"), strict=False))
    return "\n".join(
        [
            "NOT VERIFIED: anybody could have written this.",
            f"header  {json.dumps(header, indent=2)}",
            f"claims  {json.dumps(claims, indent=2)}",
            *(_time(name, claims, now) for name in _TIMES if name in claims),
        ]
    )


def _object(part: bytes, name: str) -> Claims:
    try:
        return loads_object(base64url.decode(part))
    except base64url.Base64UrlError:
        raise Refusal(Reason.TOKEN_MALFORMED, f"the {name} is not base64url") from None
    except JsonError as error:
        raise Refusal(Reason.TOKEN_MALFORMED, f"the {name}: {error}") from None


def _time(name: str, claims: Claims, now: float) -> str:
    try:
        at = time_claim(claims, name) or 0.0
        moment = datetime.fromtimestamp(at, UTC).isoformat(sep=" ", timespec="seconds")
    except (Refusal, ValueError, OverflowError, OSError):
        return f"{_TIMES[name]:<11} {claims[name]!r} is no time"
    distance = f"in {at - now:.0f} s" if at > now else f"{now - at:.0f} s ago"
    return f"{_TIMES[name]:<11} {moment} ({distance})"
