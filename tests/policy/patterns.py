"""How a pattern of the reference evaluator is held against one value: text, hosts, paths, addresses and ports.

``eager`` is whether a match is wanted where there is a doubt: it is where a match keeps the request out.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Protocol
from urllib.parse import quote, unquote

_OPERATOR = re.compile(r"(\{\*{1,2}\})")
_OPERATORS = {"{*}": "[^/]+", "{**}": ".*"}


class Matcher(Protocol):
    """Says whether ``pattern`` matches ``value``."""

    def __call__(self, pattern: str, value: str, *, eager: bool) -> bool:
        """See there."""


def is_text_matched(pattern: str, value: str, *, eager: bool) -> bool:
    """Exact, ``prefix*``, ``*suffix``, and ``*`` for what is there. Of a value without text nobody knows what it is."""
    if pattern == "*":
        return bool(value) or eager
    return _matches(pattern, value)


def is_host_matched(pattern: str, value: str, *, eager: bool) -> bool:
    """The same, whatever the case, and with or without a closing dot."""
    plain = pattern.lower()
    return is_text_matched(plain if plain.endswith("*") else plain.rstrip("."), value, eager=eager)


def is_path_matched(pattern: str, value: str, *, eager: bool) -> bool:
    """The same, and templates; a pattern stands for itself encoded, decoded and with ``+`` as a space.

    Where a match keeps the request out, ``/a`` stands for ``/a/`` too and the other way round, and ``/a/*`` and
    ``/a/{**}`` for ``/a``: most frameworks serve them alike.
    """
    if pattern == "*":
        return True
    return any(one.fullmatch(value) is not None for one in _path_expressions(pattern, eager=eager))


def is_address_matched(pattern: str, value: str, *, eager: bool) -> bool:  # noqa: ARG001 - one protocol for all
    """One address or CIDR block; no IPv4 block has an IPv6 address, but for one that is an IPv4 address in IPv6."""
    network: IPv4Network | IPv6Network = ip_network(pattern)
    address: IPv4Address | IPv6Address = ip_address(value)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address) in network


def is_same(pattern: str, value: str, *, eager: bool) -> bool:  # noqa: ARG001 - one protocol for all
    """Ports and service accounts have no wildcards."""
    return pattern == value


MATCHERS: dict[str, Matcher] = {
    "hosts": is_host_matched,
    "paths": is_path_matched,
    "ports": is_same,
    "destination.port": is_same,
    "source.serviceAccount": is_same,
    "source.ip": is_address_matched,
    "remote.ip": is_address_matched,
    "destination.ip": is_address_matched,
}


def _matches(pattern: str, value: str) -> bool:
    if pattern.endswith("*"):
        return value.startswith(pattern[:-1])
    if pattern.startswith("*"):
        return value.endswith(pattern[1:])
    return value == pattern


def _path_expressions(pattern: str, *, eager: bool) -> list[re.Pattern[str]]:
    wanted = [pattern, *(_served_alike(pattern) if eager else ())]
    return [expression for one in wanted for expression in _spelt(one)]


def _served_alike(pattern: str) -> list[str]:
    if pattern.endswith(("/*", "/{**}")):
        bare = pattern.removesuffix("/{**}").removesuffix("/*")
        return [bare] if bare else []
    bare = pattern.rstrip("/")
    if pattern.startswith("*") or pattern.endswith(("*", "{**}")) or not bare:
        return []
    return [bare, f"{bare}/"]


def _spelt(pattern: str) -> list[re.Pattern[str]]:
    """Return the pattern as a regular expression, in each spelling of what is literal in it."""
    is_template = _OPERATOR.search(pattern) is not None
    begins = "" if is_template or not pattern.startswith("*") else ".*"
    ends = "" if is_template or not pattern.endswith("*") else ".*"
    literal = pattern if is_template else pattern.removeprefix("*") if begins else pattern.removesuffix("*")
    parts = _OPERATOR.split(literal) if is_template else [literal]
    return [
        re.compile(begins + "".join(_OPERATORS.get(part) or re.escape(spell(part)) for part in parts) + ends, re.DOTALL)
        for spell in (_sent, _decoded, _with_spaces)
    ]


def _sent(literal: str) -> str:
    return literal if "%" in literal else quote(literal, safe="/!$&'()*+,;=:@~")


def _decoded(literal: str) -> str:
    return unquote(literal)


def _with_spaces(literal: str) -> str:
    return unquote(literal).replace("+", " ")
