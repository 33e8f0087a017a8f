"""Condition keys: Istio's attribute names, with names in square brackets where an attribute has members.

``request.headers[X-Team]``, ``request.auth.claims[realm_access][roles]``, ``source.ip``; and the patterns that the
values of each may be held against.
"""

import re

from sidecar.core.policy.match import Kind, Pattern, PatternError, parse
from sidecar.core.policy.model import AttributeKind
from sidecar.core.policy.networks import read_block

_KEY = re.compile(r"([A-Za-z.]+)((?:\[[^\[\]]+\])*)")
_NAME = re.compile(r"\[([^\[\]]+)\]")
#: Names with ``_`` are refused by Envoy, as the generated configuration has it.
_HEADER_NAME = re.compile(r"[a-z0-9-]+", re.ASCII)
_WITH_NAMES = (AttributeKind.HEADER, AttributeKind.CLAIM)
_FILTERS = "experimental.envoy.filters."
_LAST_PORT = 65535


def parse_key(key: str) -> tuple[AttributeKind, tuple[str, ...]]:
    """Read a condition's key; raises ``PatternError``."""
    found = _KEY.fullmatch(key)
    if key.startswith(_FILTERS):
        raise PatternError(f"{key!r}: what Envoy's other filters say is not passed on; write 'cel' on context")
    if found is None or found[1] not in set(AttributeKind):
        raise PatternError(f"{key!r} is no attribute; allowed: {_allowed()}")
    kind, path = AttributeKind(found[1]), tuple(_NAME.findall(found[2]))
    if kind is AttributeKind.HEADER and len(path) == 1:
        return kind, (_header_name(path[0]),)
    if (kind is AttributeKind.CLAIM and path) or (kind not in _WITH_NAMES and not path):
        return kind, path
    raise PatternError(f"{key!r}: the names in brackets do not fit; allowed: {_allowed()}")


def attribute_patterns(kind: AttributeKind, text: str) -> tuple[Pattern, ...]:
    """Read a pattern for the values of an attribute that has texts; raises ``PatternError``."""
    pattern = parse(text)
    if kind is AttributeKind.SOURCE_PRINCIPAL and pattern.literal.startswith("spiffe:"):
        raise PatternError(f"{text!r}: write it without 'spiffe://', as 'cluster.local/ns/shop/sa/web'")
    if kind is AttributeKind.SOURCE_NAMESPACE and "/" in pattern.literal:
        raise PatternError(f"{text!r} is no namespace; write its name alone, as 'shop'")
    if kind is AttributeKind.SERVICE_ACCOUNT and (pattern.kind is not Kind.EXACT or text.count("/") != 1):
        raise PatternError(f"{text!r} is no service account; write namespace and name, as 'shop/web'")
    if kind is AttributeKind.DESTINATION_PORT:
        check_port(text)
    if kind is AttributeKind.SNI:
        literal = pattern.literal.lower()
        return (Pattern(pattern.kind, literal if pattern.kind is Kind.PREFIX else literal.removesuffix(".")),)
    return (pattern,)


def check_port(text: str) -> None:
    """Raise ``PatternError`` for what is no port."""
    if not (text.isascii() and text.isdecimal() and text[0] != "0" and int(text) <= _LAST_PORT):
        raise PatternError(f"{text!r} is no port; allowed: 1 to {_LAST_PORT}")


def check_values(kind: AttributeKind, text: str) -> None:
    """Raise ``PatternError`` for what no value of the attribute can be held against."""
    if kind.is_address:
        read_block(text)
    else:
        attribute_patterns(kind, text)


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
