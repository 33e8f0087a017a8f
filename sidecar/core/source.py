"""Where credentials may be taken from: a header, a cookie or a query parameter, each with its name."""

from typing import Literal, NamedTuple


class Source(NamedTuple):
    """One place. A tuple, since it is part of the key that a credential is remembered by.

    ``name`` is lower-case for a header, and exact for the others. ``scheme`` is what stands before a header's
    credential, lower-case; empty where the whole value is the credential.
    """

    kind: Literal["header", "cookie", "query"]
    name: str
    scheme: str = ""


#: RFC 6750, section 2.1.
BEARER = Source("header", "authorization", "bearer")
#: RFC 9449, section 7.1.
DPOP = Source("header", "authorization", "dpop")
#: Of a configuration that names none.
USUAL = frozenset({BEARER})
