"""Compiled values as people write them."""

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network

from sidecar.core.policy.match import Matching, StringSet, Values
from sidecar.core.policy.networks import Block, Blocks

#: Of a field, what is shown.
_MOST = 12
_SIX = 128  # bits


def describe(name: str, values: Values[Matching]) -> str:
    """Return a field with what it must and must not be: ``paths: /a, /b/*; not: /b/c``."""
    parts = []
    if values.values is not None:
        parts.append(f"{name}: {_listed(values.values)}")
    if values.not_values is not None:
        parts.append(f"{name if not parts else ''} not: {_listed(values.not_values)}".strip())
    return "; ".join(parts)


def texts(matching: Matching) -> list[str]:
    """Return the patterns that are in it, in an order of their own."""
    if isinstance(matching, StringSet):
        return list(_patterns(matching))
    if isinstance(matching, Blocks):
        return [_block(one) for one in matching.blocks]
    raise TypeError(type(matching).__name__)


def _listed(matching: Matching) -> str:
    found = texts(matching)
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return ", ".join(found[:_MOST]) + more


def _patterns(strings: StringSet) -> Iterator[str]:
    yield from sorted(strings.exact)
    yield from (f"{prefix}*" for prefix in strings.prefixes)
    yield from (f"*{suffix}" for suffix in strings.suffixes)
    yield from (template.text for template in strings.templates)
    if strings.present or strings.empty:
        yield "*"


def _block(block: Block) -> str:
    network = (IPv6Network if block.bits == _SIX else IPv4Network)((block.first, block.length))
    return str(network.network_address) if block.length == block.bits else str(network)
