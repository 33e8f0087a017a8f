"""IP addresses and the blocks they are in (CIDR, RFC 4632; RFC 4291, section 2.3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

from sidecar.core.policy.match import PatternError

#: Addresses are asked about again and again: reading one takes 2 µs.
_KEPT = 4096
#: Characters of the longest address: IPv4 written as IPv6 (RFC 4291, section 2.2).
_LONGEST = 45
#: Bits before an IPv4 address that is written as IPv6.
_MAPPED = 96


class Address(NamedTuple):
    """An address as a number, and how many bits it has."""

    bits: int
    number: int


class Block(NamedTuple):
    """A block: the addresses of ``bits`` whose first ``length`` bits are those of ``first``."""

    bits: int
    first: int
    length: int

    def contains(self, address: Address) -> bool:
        """Say whether an address is in it."""
        return address.bits == self.bits and (address.number ^ self.first) >> (self.bits - self.length) == 0


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks of one field, joined by OR. Its ``matches`` is that of a ``StringSet``."""

    blocks: tuple[Block, ...]

    def matches(self, value: str) -> bool:
        """Say whether an address is in one of the blocks; what is no address is in none."""
        address = read_address(value)
        return address is not None and any(block.contains(address) for block in self.blocks)


def read_address(text: str) -> Address | None:
    """Read an address; ``None`` for what is none. An IPv4 address that is written as IPv6 (``::ffff:``) is IPv4."""
    return _read(text) if len(text) <= _LONGEST else None


@lru_cache(_KEPT)
def _read(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None
        if address.ipv4_mapped is not None:
            return Address(32, int(address.ipv4_mapped))
        return Address(128, int(address))
    return Address(32, int(address))


def read_block(text: str) -> Block:
    """Read a block, or one address; raises ``PatternError``."""
    address, slash, length = text.partition("/")
    try:
        # A mask in place of a length can be read in two ways.
        network = ip_network(text, strict=False) if not slash or length.isdecimal() else None
    except ValueError:
        network = None
    if network is None:
        raise PatternError(f"{text!r} is no address and no block; write '192.0.2.7' or '10.0.0.0/8'")
    if slash and ip_address(address) != network.network_address:
        raise PatternError(f"{text!r} has bits behind its length; write '{network}', or '{address}' for that one")
    first, size = network.network_address, network.prefixlen
    if isinstance(first, IPv6Address) and first.ipv4_mapped is not None:
        return Block(32, int(first.ipv4_mapped), size - _MAPPED)
    return Block(network.max_prefixlen, int(first), size)


def blocks_of(texts: Iterable[str]) -> Blocks:
    """Read blocks; raises ``PatternError``."""
    return Blocks(tuple(map(read_block, texts)))
