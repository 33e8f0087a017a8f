"""Names of callers: SPIFFE IDs and DNS names, as they stand in certificates, and who is meant by them."""

import re
from typing import Final

#: At the end of a SPIFFE ID in the configuration: all that are below it.
EVERY: Final = "/*"

# SPIFFE-ID, 2.1 and 2.2: a trust domain in small letters, and segments that are not empty, "." or "..".
_TRUST_DOMAIN: Final = r"spiffe://[a-z0-9._-]{1,255}"
_SEGMENT: Final = r"/(?!\.\.?(?:/|$))[A-Za-z0-9._-]+"
_SPIFFE_ID: Final = re.compile(rf"{_TRUST_DOMAIN}(?:{_SEGMENT})+", re.ASCII)
_ALL_BELOW: Final = re.compile(rf"{_TRUST_DOMAIN}(?:{_SEGMENT})*/\*", re.ASCII)
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_DNS_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_LONGEST_SPIFFE_ID, _LONGEST_DNS_NAME = 2048, 253


def is_spiffe_id(text: str) -> bool:
    """Say whether this is the SPIFFE ID of a workload, in the one form that the standard has for it."""
    return len(text) <= _LONGEST_SPIFFE_ID and _SPIFFE_ID.fullmatch(text) is not None


def is_dns_name(text: str) -> bool:
    """Say whether this is a whole DNS name, in small letters."""
    return len(text) <= _LONGEST_DNS_NAME and _DNS_NAME.fullmatch(text) is not None


def parse_name(text: str) -> str:
    """Read a name of the configuration, and return it; raises ``ValueError``."""
    if text.startswith("spiffe:"):
        is_below = len(text) <= _LONGEST_SPIFFE_ID and _ALL_BELOW.fullmatch(text) is not None
        if not is_below and not is_spiffe_id(text):
            raise ValueError(
                f"{text!r} is no SPIFFE ID; write spiffe://cluster.local/ns/shop/sa/orders, or with /* at its end for "
                "all below: spiffe://cluster.local/ns/shop/*"
            )
    elif not is_dns_name(text):
        raise ValueError(f"{text!r} is no name; write spiffe://…, or a whole DNS name in small letters, without *")
    return text
