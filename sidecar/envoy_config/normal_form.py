"""The normal form of ``:path`` as rules for Envoy's routes, which refuse every request that breaks one.

The sidecar decides the same question in ``sidecar.core.path`` and gives its reason; these rules stand in for it where
it is not asked. They are several and small because RE2, Envoy's engine, has no look-around, and Envoy accepts no
expression above 100 RE2 instructions unless its runtime is changed. Each matches the *whole* ``:path``; its query
(after the first ``?``) may be any ASCII. The second rule is a list of what is allowed, so those after it need not think
of anything strange: they look at paths that consist of raw characters and upper-case encodings only.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the normal form: ``:path`` must match ``pattern``, or with ``forbidden`` must not."""

    name: str
    pattern: str
    forbidden: bool


#: pchar (RFC 3986, 3.3) and the slash, without ``;``: servlet containers cut ``;x`` off before they match.
_RAW = "[A-Za-z0-9._~!$&'()*+,=:@/-]"

#: Encodings of what may only be written encoded. Missing on purpose: lower-case digits, controls (00-1F, 7F),
#: unreserved characters, ``/`` (2F) and ``\\`` (5C). Bytes from 80 on are looked at by the last two rules.
_ENCODED = "%(?:2[0-9A-C]|3[A-F]|40|5[BDE]|60|7[BCD]|[89A-F][0-9A-F])"

_QUERY = r"(?:\?.*)?"
_TAIL = "%[89AB]."

#: INVARIANT, in every mode: the sidecar is shown what is routed. HTTP/2 lets raw bytes above ASCII pass, and where they
#: are no UTF-8 Envoy writes ``!`` into the CheckRequest: ``/a`` with the byte FF would be decided on as ``/a!``.
ASCII = Rule("ascii", "[!-~]*", forbidden=False)

#: The normal form of ``PathMode.REJECT``.
NORMAL_FORM = (
    ASCII,
    Rule("characters", f"/(?:{_RAW}|{_ENCODED})*{_QUERY}", forbidden=False),
    # The last segment may be empty (a trailing slash), no other; none may be a dot or two.
    Rule("segments", r"[^?]*/(?:/.*|\.{1,2}(?:[/?].*)?)", forbidden=True),
    # %252F would become %2F in whatever decodes twice.
    Rule("double-encoding", "[^?]*%25[0-9A-Fa-f]{2}.*", forbidden=True),
    # RFC 3629: each lead byte has its number of continuation bytes, and none stands alone...
    Rule(
        "utf8-length",
        f"(?:[^%?]|%[2-7].|%[CD].{_TAIL}|%E.{_TAIL}{_TAIL}|%F.{_TAIL}{_TAIL}{_TAIL})*{_QUERY}",
        forbidden=False,
    ),
    # ...and no overlong form (%C0%AF is a slash to careless decoders), no surrogate, nothing above U+10FFFF.
    Rule("utf8-range", "[^?]*%(?:C[01]|E0%[89]|ED%[AB]|F0%8|F4%[9AB]|F[5-9A-F]).*", forbidden=True),
)
