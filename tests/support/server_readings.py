"""How real servers read what reaches them: everything that some server, framework or proxy makes of a request.

The bypass table holds what an upstream saw against this. It knows nothing of the sidecar's own readings, and is wider:
a path is decoded as often as there is something to decode, for instance. Heeding no case, endings as formats
and the like are what docs/policy.md says is not looked at; so they are not here either.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from ipaddress import ip_address
from urllib.parse import unquote_to_bytes

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#\\]*)(.*)", re.DOTALL)
#: Of a careless decoder: overlong forms (RFC 3629, section 10), and %u of IIS.
_OVERLONG = {
    b"\xc0\xaf": b"/",
    b"\xe0\x80\xaf": b"/",
    b"\xc0\xae": b".",
    b"\xe0\x80\xae": b".",
    b"\xc1\x9c": b"\\",
    b"\xc1\xa1": b"a",
}
_IIS = re.compile(rb"%u00([0-9A-Fa-f]{2})")
#: What Unicode's compatibility forms become.
_WIDE = {"\uff0f": "/", "\uff0e": ".", "\uff3c": "\\", "\u2215": "/", "\u2044": "/"}
_TRIMMED = " \t\r\n\x00\x0b\x0c"


def paths(target: str) -> frozenset[str]:
    """Return each path that a server may find in a request target (ISO 8859-1), with no closing slash."""
    absolute = _ABSOLUTE.fullmatch(target)
    path = re.split(r"[?#]", absolute[2] if absolute else target)[0]
    # A request line with spaces in its target may be split at any of them (RFC 9112, section 3).
    found, waiting = set[str](), [path or "/", *path.split()]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += [read(one) for read in _READS]
    return frozenset(one.rstrip("/") or "/" for one in found)


def hosts(target: str, fields: tuple[str, ...]) -> frozenset[str]:
    """Return each host that a server may find in a request target, and in the Host headers."""
    absolute = _ABSOLUTE.fullmatch(target)
    named = [*fields, *([absolute[1]] if absolute else [])]
    return frozenset(reading for name in named for reading in _hosts(name))


def values(fields: tuple[tuple[str, str], ...], name: str) -> frozenset[str]:
    """Return each value that a server may find in the header ``name``: alone, joined, or part by part."""
    alike = [value for key, value in fields if re.sub(r"[^a-z0-9]", "-", key.strip().lower()) == name]
    parts = [part for value in alike for part in (value, *value.split(","))]
    joined = [",".join(alike)] if alike else []
    return frozenset(part.strip(_TRIMMED) for part in (*parts, *joined))


def _hosts(name: str) -> Iterator[str]:
    for decoded in {name, unquote_to_bytes(name).decode("latin-1")}:
        for part in (decoded, *re.split(r"[,;\s@]", decoded)):
            yield _host(part.strip())


@cache
def _host(text: str) -> str:
    bare = text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0]
    try:
        return ip_address(bare.partition("%")[0]).compressed
    except ValueError:
        pass
    name = bare.rstrip(".").lower()
    try:
        return name.encode("latin-1").decode("utf-8").encode("idna").decode()
    except UnicodeError:
        return name


def _decoded(path: str) -> str:
    data = _IIS.sub(lambda found: bytes.fromhex(found[1].decode()), path.encode("utf-8", "surrogateescape"))
    data = unquote_to_bytes(data)
    for overlong, meant in _OVERLONG.items():
        data = data.replace(overlong, meant)
    return data.decode("utf-8", "surrogateescape")


def _latin_1(path: str) -> str:
    # As it arrived it is one character a byte.
    try:
        return path.encode("latin-1").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return path


def _folded(path: str) -> str:
    return "".join(_WIDE.get(character, character) for character in path)


def _resolved(path: str) -> str:
    found: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del found[max(1, len(found) - 1) :]
        elif segment != ".":
            found.append(segment)
    return "/".join(found)


def _segments(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda path: "/".join(map(change, path.split("/")))


_READS: tuple[Callable[[str], str], ...] = (
    _decoded,
    _latin_1,
    _folded,
    _resolved,
    lambda path: path.replace("\\", "/"),
    lambda path: path.replace("+", " "),
    lambda path: re.sub(r"/{2,}", "/", path),
    lambda path: path if path.startswith("/") else f"/{path}",
    # Parameters of a segment (RFC 3986, section 3.3); query and fragment that were encoded; the end of a C string.
    _segments(lambda segment: segment.partition(";")[0]),
    lambda path: re.split(r"[?#\x00\r\n]", path)[0] or "/",
    _segments(lambda segment: segment.strip(_TRIMMED)),
    # NUL and controls left out.
    lambda path: re.sub(r"[\x00-\x1f\x7f]", "", path),
)
