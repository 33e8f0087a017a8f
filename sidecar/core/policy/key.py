"""Condition keys: Istio's attribute names, with names in square brackets where an attribute has members.

``request.headers[X-Team]``, ``request.auth.claims[realm_access][roles]``, ``request.auth.principal``.
"""

import re

from sidecar.core.policy.match import PatternError
from sidecar.core.policy.model import AttributeKind

_KEY = re.compile(r"([a-z.]+)((?:\[[^\[\]]+\])*)")
_NAME = re.compile(r"\[([^\[\]]+)\]")
#: Names with ``_`` are refused by Envoy, as the generated configuration has it.
_HEADER_NAME = re.compile(r"[a-z0-9-]+", re.ASCII)
_PLAIN = (AttributeKind.PRINCIPAL, AttributeKind.AUDIENCES, AttributeKind.PRESENTER)


def parse_key(key: str) -> tuple[AttributeKind, tuple[str, ...]]:
    """Read a condition's key; raises ``PatternError``."""
    found = _KEY.fullmatch(key)
    if found is None or found[1] not in set(AttributeKind):
        raise PatternError(f"{key!r} is no attribute; allowed: {_allowed()}")
    kind, path = AttributeKind(found[1]), tuple(_NAME.findall(found[2]))
    if kind is AttributeKind.HEADER and len(path) == 1:
        return kind, (_header_name(path[0]),)
    if (kind is AttributeKind.CLAIM and path) or (kind in _PLAIN and not path):
        return kind, path
    raise PatternError(f"{key!r}: the names in brackets do not fit; allowed: {_allowed()}")


def _header_name(name: str) -> str:
    lower = name.lower()
    if lower == "host":
        raise PatternError("request.headers[host]: write 'hosts' under to.operation; HTTP/2 has no such header")
    if _HEADER_NAME.fullmatch(lower) is None:
        raise PatternError(
            f"request.headers[{name}]: no header of that name gets here; allowed: letters, digits and '-'"
        )
    return lower


def parse_claim_path(text: str) -> tuple[str, ...]:
    """Read a claim's name, or a path to a nested one as ``[outer][inner]``; raises ``PatternError``."""
    if not text.startswith("["):
        return (text,)
    return parse_key(f"{AttributeKind.CLAIM}{text}")[1]


def _allowed() -> str:
    members = {AttributeKind.HEADER: "[name]", AttributeKind.CLAIM: "[name] or [name][name]"}
    return ", ".join(f"{kind}{members.get(kind, '')}" for kind in AttributeKind)
