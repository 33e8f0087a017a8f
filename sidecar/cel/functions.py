"""The functions of our own, and what literals may be given to them."""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import re2

#: Instructions of a compiled pattern: time goes with them, byte by byte, where RE2 cannot keep its states.
MAX_PROGRAM = 1000
_MAX_MEMORY = 1 << 20
#: Bits before an IPv4 address that is written in IPv6 (RFC 4291, section 2.5.5.2).
_MAPPED = 96


@lru_cache(maxsize=1024)
def pattern(text: str) -> "re2._Regexp":
    """Compile a regular expression of RE2's; raises ``ValueError`` with the reason."""
    options = re2.Options()
    options.max_mem = _MAX_MEMORY
    options.log_errors = False
    try:
        compiled = re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0] if error.args else b""
        raise ValueError(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)) from None
    if compiled.programsize > MAX_PROGRAM:
        raise ValueError(
            f"it comes to {compiled.programsize} instructions, at most {MAX_PROGRAM}; write shorter repetitions"
        )
    return compiled


def matching(regex: str) -> Callable[[str], bool]:
    """Return what says whether ``regex`` matches somewhere in a text: CEL's ``matches`` with a pattern that is kept."""
    search = pattern(regex).search

    def matches(text: str) -> bool:
        return search(text) is not None

    return matches


def network(text: str) -> IPv4Network | IPv6Network:
    """Read a network in CIDR notation (RFC 4632, RFC 4291); raises ``ValueError`` with what to write."""
    if "%" in text:
        raise ValueError("a network has no zone; leave out '%' and what follows")
    if not text.partition("/")[2].isdecimal() and "/" in text:
        raise ValueError("a mask can be read in two ways; write how many bits the prefix has, as in '10.0.0.0/8'")
    try:
        return _unmapped(ip_network(text))
    except ValueError:
        pass
    try:
        wider = ip_network(text, strict=False)
    except ValueError:
        raise ValueError("no network; write it as '10.0.0.0/8' or '2001:db8::/32'") from None
    raise ValueError(f"bits are set behind the prefix; write '{wider}'")


def _unmapped(found: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    # INVARIANT: what becomes of addresses becomes of networks, or one that is written so would have none in it.
    if isinstance(found, IPv6Network) and (mapped := found.network_address.ipv4_mapped) is not None:
        return IPv4Network((int(mapped), found.prefixlen - _MAPPED))
    return found


def within(cidr: str) -> Callable[[str], bool]:
    """Return what says whether an address is in the network; it raises ``ValueError`` for what is no address.

    An IPv4 address that is written in IPv6 (RFC 4291, section 2.5.5.2) is that IPv4 address, and a network is likewise.
    """
    wanted = network(cidr)

    def contains(address: str) -> bool:
        if "%" in address:
            raise ValueError("an address with a zone")
        parsed = ip_address(address)
        if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        return parsed in wanted

    return contains
