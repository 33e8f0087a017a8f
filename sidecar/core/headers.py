"""Identity as header values that an upstream can trust: each header set or removed, exactly one of the two.

A value that a header cannot carry faithfully is refused, never repaired: a cut or cleaned value names somebody else.
"""

import json
from collections.abc import Iterator, Mapping

from sidecar.core.identity import Identity
from sidecar.core.policy.attributes import claim_at
from sidecar.core.reason import Reason, Refusal
from sidecar.core.strict_json import Json
from sidecar.core.trust import ResponseSettings


def identity_values(settings: ResponseSettings, identity: Identity | None) -> dict[str, str]:
    """Return header name to value for all that ``identity`` has; raises ``Refusal`` for a value that is not safe."""
    if identity is None:
        return {}
    found = {name: value for name, value in _values(settings, identity) if value}
    for name, value in found.items():
        _refuse_unsafe(name, value, settings.max_header_bytes)
    return found


def lookalikes(settings: ResponseSettings, sent: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names a client sent that an upstream may mistake for an identity header.

    CGI, WSGI and others fold ``-`` and ``_`` together, so ``x_auth_subject`` would arrive as the subject
    (CVE-2015-0219).
    """
    suspects = [name for name in sent if "_" in name]
    if not suspects:
        return ()
    ours = {name.replace("-", "_") for name in settings.identity_headers}
    return tuple(name for name in suspects if name.replace("-", "_") in ours)


def _values(settings: ResponseSettings, identity: Identity) -> Iterator[tuple[str, str]]:
    if settings.subject_header:
        yield settings.subject_header, identity.subject or ""
    if settings.issuer_header:
        yield settings.issuer_header, identity.issuer
    if settings.scopes_header:
        yield settings.scopes_header, " ".join(sorted(identity.scopes))
    for path, name in settings.claim_headers:
        yield name, _claim_text(name, claim_at(identity.claims, path))


def _claim_text(name: str, value: Json) -> str:
    if isinstance(value, list) and all(isinstance(member, str) for member in value):
        texts = [str(member) for member in value]
        if any("," in text for text in texts):
            raise Refusal(Reason.UNSAFE_IDENTITY, f"{name}: a list member has a comma")
        return ",".join(texts)
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, separators=(",", ":"))


def _refuse_unsafe(name: str, value: str, longest: int) -> None:
    # isprintable() refuses control characters, CR, LF, NUL, and the separators and invisible marks of Unicode that a
    # reader may trim or drop; outer spaces are trimmed by every HTTP parser (RFC 9110, section 5.5).
    if not value.isprintable() or value != value.strip(" "):
        raise Refusal(Reason.UNSAFE_IDENTITY, f"{name}: a character that no header carries faithfully")
    if len(value.encode()) > longest:
        raise Refusal(Reason.UNSAFE_IDENTITY, f"{name}: longer than {longest} bytes")
