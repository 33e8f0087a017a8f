"""The normal form of method, authority and path as rules for Envoy's routes, which refuse what breaks one.

The sidecar decides the same in ``sidecar.core.request`` and gives its reason; these rules stand in for it where it is
not asked. (It refuses a little more, which takes knowing Unicode: other spaces than U+0020, full-width delimiters.)

They are several and small because RE2, Envoy's engine, has no look-around, and Envoy accepts no
expression above 100 RE2 instructions unless its runtime is changed. Each matches the *whole* header; the query in
``:path`` (after the first ``?``) may be any ASCII. Of the rules for paths the second is a list of what is allowed, so
those after it need not think of anything strange: they look at raw characters and upper-case encodings only.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the normal form: ``header`` must match ``pattern``, or with ``forbidden`` must not."""

    name: str
    pattern: str
    forbidden: bool
    header: str = ":path"

    @property
    def subject(self) -> str:
        """Return what the rule is about: ``path``, ``method`` or ``authority``."""
        return self.header.removeprefix(":")


#: In every mode. HTTP/2 lets ``delete`` pass, which policy knows nothing of and many frameworks read as ``DELETE``.
METHOD = Rule("method", "[A-Z][A-Z0-9_-]*", forbidden=False, header=":method")

_HOST = r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?"
_IPV6 = r"\[[0-9A-Fa-f:.]+\]"

#: In every mode: a host or IP address, perhaps with a port (RFC 3986, section 3.2.2). ``app:``, ``x@app``, ``%61pp`` or
#: two Host headers joined by a comma are another host to the next server. The sidecar refuses some more, which takes
#: arithmetic: ports above 65535, an IPv6 address that is none, and IPv4 in odd spellings (``127.1``).
AUTHORITY = Rule("authority", f"(?:{_HOST}|{_IPV6})(?::[1-9][0-9]{{0,4}})?", forbidden=False, header=":authority")


#: pchar (RFC 3986, 3.3) and the slash, without ``;``: servlet containers cut ``;x`` off before they match.
_RAW = "[A-Za-z0-9._~!$&'()*+,=:@/-]"

#: Encodings of what may only be written encoded. Missing on purpose: lower-case digits, controls (00-1F, 7F),
#: unreserved characters, ``/`` (2F), ``;`` (3B) and ``\\`` (5C). Bytes from 80 on are looked at by the last two rules.
_ENCODED = "%(?:2[0-9A-C]|3[AC-F]|40|5[BDE]|60|7[BCD]|[89A-F][0-9A-F])"

_QUERY = r"(?:\?.*)?"
_TAIL = "%[89AB]."

#: INVARIANT, in every mode: the sidecar is shown what is routed. HTTP/2 lets raw bytes above ASCII pass, and where they
#: are no UTF-8 Envoy writes ``!`` into the CheckRequest: ``/a`` with the byte FF would be decided on as ``/a!``.
ASCII = Rule("ascii", "[!-~]*", forbidden=False)

#: The normal form of ``PathMode.REJECT``.
NORMAL_FORM = (
    ASCII,
    Rule("characters", f"/(?:{_RAW}|{_ENCODED})*{_QUERY}", forbidden=False),
    # The last segment may be empty (a trailing slash), no other. None may be a dot or two. Nor may it become either
    # where a second hop decodes, trims spaces ("+" is one to some) and cuts off at "#" or "?".
    Rule(
        "segments",
        r"[^?]*/(?:(?:%20|\+)*/.*|(?:%20|\+)*\.{1,2}(?:(?:[/?+]|%(?:20|23|3F)).*)?)",
        forbidden=True,
    ),
    # %252F would become %2F in whatever decodes twice, and %25u002F too.
    Rule("double-encoding", "[^?]*%25(?:[0-9A-Fa-f]{2}|[uU]).*", forbidden=True),
    # RFC 3629: each lead byte has its number of continuation bytes, and none stands alone...
    Rule(
        "utf8-length",
        f"(?:[^%?]|%[2-7].|%[CD].{_TAIL}|%E.{_TAIL}{_TAIL}|%F.{_TAIL}{_TAIL}{_TAIL})*{_QUERY}",
        forbidden=False,
    ),
    # ...and no overlong form (%C0%AF is a slash to careless decoders), no control character (U+0080 to U+009F), no
    # surrogate, nothing above U+10FFFF.
    Rule("utf8-range", "[^?]*%(?:C[01]|C2%[89]|E0%[89]|ED%[AB]|F0%8|F4%[9AB]|F[5-9A-F]).*", forbidden=True),
)
