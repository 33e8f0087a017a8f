"""What patterns of each field may look like: one that no request can match is refused, since it protects nothing.

Each ``…_patterns`` function reads one text, raises ``PatternError``, and returns the patterns it stands for.
"""

import re
from collections.abc import Iterable, Iterator

from sidecar.core.authority import host_forms
from sidecar.core.path import PathMode, decoded, encoded, is_normal, readings
from sidecar.core.policy.match import ANY, ONE, Kind, Pattern, PatternError, parse

_METHOD = re.compile(r"[A-Z0-9_-]+", re.ASCII)
_HOST = re.compile(r"[a-z0-9._:\[\]-]+", re.ASCII)


def text_patterns(text: str) -> tuple[Pattern, ...]:
    """Read a pattern for text of any kind."""
    return (parse(text),)


def method_patterns(text: str) -> tuple[Pattern, ...]:
    """Read a pattern for methods: they are case-sensitive (RFC 9110, section 9.1), and only capitals are let in."""
    pattern = parse(text)
    if pattern.literal and _METHOD.fullmatch(pattern.literal) is None:
        raise PatternError(f"{text!r} matches no method: write it in capitals, such as 'DELETE'")
    return (pattern,)


def host_patterns(text: str) -> tuple[Pattern, ...]:
    """Read a pattern for hosts, without regard to case and a closing dot (``authority.host_forms``)."""
    pattern = parse(text)
    if pattern.kind is Kind.PRESENT:
        return (pattern,)
    # ASCII first: lower() turns the Kelvin sign into a "k".
    literal = pattern.literal.lower() if text.isascii() else ""
    if pattern.kind is not Kind.PREFIX:
        literal = literal.rstrip(".")
    if pattern.kind is not Kind.EXACT and (literal.count(":") > 1 or "[" in literal or "]" in literal):
        raise PatternError(f"{text!r}: an IPv6 address may be written in many ways; write it whole, as '[::1]'")
    if pattern.kind is Kind.SUFFIX and literal.isdecimal():
        raise PatternError(f"{text!r} could be the end of a host or of a port; write '*:443' for a port")
    if _HOST.fullmatch(literal) is None or not _is_part_of_a_host(pattern.kind, literal):
        raise PatternError(f"{text!r} matches no host: write it without scheme and path, such as 'api.example.com'")
    if pattern.kind is Kind.EXACT:
        # The last form: with its port where it has one. IPv6 comes out compressed.
        literal = host_forms(literal)[-1]
    return (Pattern(pattern.kind, literal),)


def path_patterns(text: str, mode: PathMode) -> tuple[Pattern, ...]:
    """Read a pattern for paths that ``mode`` lets in. In ``REJECT`` mode it stands for each spelling of a path."""
    pattern = _template(text) if "{" in text or "}" in text else parse(text)
    if pattern.kind is Kind.PRESENT:
        return (pattern,)
    literal = pattern.literal
    if pattern.kind is not Kind.SUFFIX and not literal.startswith("/"):
        raise PatternError(f"{text!r} matches no path: write it with a leading '/' or '*'")
    if "?" in literal or "#" in literal:
        raise PatternError(f"{text!r} matches no path: policy sees the path without query and fragment")
    # Where policy sees both spellings of a path, a pattern may be written in either.
    sent = _encoded(literal) if mode is PathMode.REJECT and "%" not in literal else literal
    if not _is_part_of_a_path(pattern.kind, sent, mode):
        raise PatternError(f"{text!r} matches no path: none of that form is let in by path mode {mode.value!r}")
    if mode is PathMode.REJECT and _is_cut_short(pattern.kind, sent):
        raise PatternError(
            f"{text!r}: a careless upstream ends the path at an encoded '?' or '#', and trims encoded spaces; "
            "write a prefix that ends before it"
        )
    spelt = (sent,) if mode is not PathMode.REJECT else (sent, decoded(sent), decoded(sent).replace("+", " "))
    return tuple(Pattern(pattern.kind, one) for one in dict.fromkeys(spelt))


def _template(text: str) -> Pattern:
    operators = [segment for segment in text.split("/") if "{" in segment or "}" in segment]
    if not set(operators) <= {ONE, ANY} or "*" in text.replace(ONE, "").replace(ANY, ""):
        raise PatternError(f"{text!r}: write '{ONE}' for a whole segment, '{ANY}' for all the rest, and no other '*'")
    if "%7B" in text.upper() or "%7D" in text.upper():
        raise PatternError(f"{text!r}: a template cannot have braces of its own; write a prefix that ends before them")
    if ANY in operators[:-1]:
        raise PatternError(f"{text!r}: '{ANY}' takes all that follows; only text may stand behind it")
    return Pattern(Kind.TEMPLATE, text)


def _encoded(literal: str) -> str:
    """Return how a client sends it; braces of a template stay."""
    return encoded(literal).replace("%7B", "{").replace("%7D", "}") if "{" in literal else encoded(literal)


def _is_part_of_a_host(kind: Kind, literal: str) -> bool:
    if kind is Kind.EXACT:
        return bool(host_forms(literal))
    if kind is Kind.SUFFIX:
        return bool(host_forms(f"a{literal}"))
    # A prefix may end within a label or a port.
    return any(host_forms(literal + rest) for rest in ("", "a", "1"))


def widened(patterns: Iterable[Pattern]) -> Iterator[Pattern]:
    """Yield path patterns, and of each the same with or without a closing slash: where a match keeps a request out.

    Most frameworks serve ``/admin/`` as ``/admin``, and ``/admin`` as the first of ``/admin/*``.
    """
    for pattern in patterns:
        yield pattern
        bare = pattern.literal.rstrip("/")
        if pattern.kind is Kind.EXACT and bare:
            yield Pattern(Kind.EXACT, bare if pattern.literal.endswith("/") else f"{bare}/")
        elif pattern.kind is Kind.PREFIX and pattern.literal.endswith("/") and bare:
            yield Pattern(Kind.EXACT, bare)
        elif pattern.kind is Kind.TEMPLATE:
            yield from _widened_template(pattern)


def _widened_template(pattern: Pattern) -> Iterator[Pattern]:
    if not pattern.literal.endswith(ANY):
        bare = pattern.literal.rstrip("/")
        yield Pattern(Kind.TEMPLATE, bare if pattern.literal.endswith("/") else f"{bare}/")
        return
    bare = pattern.literal.removesuffix(f"/{ANY}")
    if bare:
        yield Pattern(Kind.TEMPLATE if "{" in bare else Kind.EXACT, bare)


def _is_cut_short(kind: Kind, literal: str) -> bool:
    """Say whether a path with ``literal`` in it has other readings than as sent, decoded, and with spaces for ``+``."""
    literal = literal.replace(ONE, "a").replace(ANY, "a")
    whole = f"/a{literal}" if kind is Kind.SUFFIX else f"{literal}a" if kind is Kind.PREFIX else literal
    return not set(readings(whole, PathMode.REJECT)) <= {whole, decoded(whole), decoded(whole).replace("+", " ")}


def _is_part_of_a_path(kind: Kind, literal: str, mode: PathMode) -> bool:
    wholes = {
        Kind.TEMPLATE: (literal.replace(ONE, "a").replace(ANY, "a"),),
        Kind.EXACT: (literal,),
        Kind.PREFIX: (literal, f"{literal}a"),
        Kind.SUFFIX: (literal, f"/a{literal}"),
        Kind.PRESENT: (),
    }
    return literal.isascii() and any(is_normal(whole, mode) for whole in wholes[kind])
