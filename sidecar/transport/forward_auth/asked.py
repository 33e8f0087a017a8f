"""What a proxy says of a request, as the ``CheckRequest`` that Envoy would send of it."""

import ipaddress
import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sidecar.protos.ext_authz import CheckRequest, HeaderValue
from sidecar.transport.forward_auth.profile import OF_THE_MESSAGE, SAID_OF_METHOD, SAID_OF_URI, Profile

_SCHEMES = ("http", "https")


class UnaskableError(ValueError):
    """What was sent is no question: something is missing, there twice, or contradicts. The text names no values."""


class ForgedError(UnaskableError):
    """The client sent a header that is the proxy's, or that must not reach the upstream."""


class Call(NamedTuple):
    """The proxy's request to us. ``target`` and header values are bytes as they came; names are in lower case."""

    method: str
    target: bytes
    headers: Sequence[tuple[str, bytes]]


def asked(call: Call, profile: Profile) -> bytes:
    """Return the ``CheckRequest`` for what the client asked; raises ``UnaskableError``, or ``ForgedError``.

    The client's headers are in ``header_map``, with their bytes, each as often as it came. What the proxy says of
    method, target and host is in the request's own fields, and not among them. ``x-forwarded-for`` is the address.
    """
    said = _Said(call.headers)
    said.refuse_body()
    method, target, host = _request_line(call, profile, said)
    said.refuse_others(SAID_OF_METHOD, method.encode())
    said.refuse_others(SAID_OF_URI, target)
    message = CheckRequest()
    http = message.attributes.request.http
    http.method, http.host = method, host
    # No two questions are the same, byte by byte: what is, passes for Envoy's retry of one request (decision 9).
    http.id = secrets.token_hex(16)
    # The core takes the bytes, from the header; this is for those who show it.
    http.path = target.decode("utf-8", "replace")
    http.scheme = scheme = said.text(profile.scheme)
    if scheme not in _SCHEMES:
        raise UnaskableError(f"{profile.scheme} is neither http nor https")
    address = _address(profile, said)
    message.attributes.source.address.socket_address.address = address
    headers = [(":method", method.encode()), (":path", target), (":authority", host.encode())]
    headers += _of_the_client(call.headers, profile, address)
    http.header_map.headers.extend(HeaderValue(key=name, raw_value=value) for name, value in headers)
    raw: bytes = message.SerializeToString()
    return raw


class _Said:
    """Headers, each to be there once."""

    def __init__(self, headers: Iterable[tuple[str, bytes]]) -> None:
        self._values = defaultdict[str, list[bytes]](list)
        for name, value in headers:
            self._values[name].append(value)

    def once(self, name: str) -> bytes:
        """Return the value of a header that must be there, not empty, and once."""
        values = self._values.get(name, [])
        if len(values) > 1:
            # The proxy says it once: the other one came with the request.
            raise ForgedError(f"{name} is there more than once")
        if not values or not values[0]:
            raise UnaskableError(f"{name} is missing")
        return values[0]

    def text(self, name: str) -> str:
        """Do the same for what has to be ASCII without blanks."""
        value = self.once(name)
        if not value.isascii() or any(byte <= ord(" ") for byte in value):
            raise UnaskableError(f"{name} is no such value")
        return value.decode()

    def refuse_others(self, names: Iterable[str], value: bytes) -> None:
        """Refuse what says something else under another name."""
        for name in names:
            if any(one != value for one in self._values.get(name, ())):
                raise ForgedError(f"{name} contradicts")

    def refuse_body(self) -> None:
        """Refuse a body: nothing here looks at one, and what is left of it would be taken for the next request."""
        if self._values.get("transfer-encoding") or self._values.get("content-length", [b"0"]) != [b"0"]:
            raise UnaskableError("there is a body")


def _request_line(call: Call, profile: Profile, said: _Said) -> tuple[str, bytes, str]:
    if profile.method is None or profile.uri is None or profile.host is None:
        if not call.target.startswith(profile.path.encode() + b"/"):
            raise UnaskableError(f"the target does not begin with {profile.path}")
        return call.method, call.target[len(profile.path) :], said.text("host")
    if call.target != profile.path.encode():
        raise UnaskableError(f"the target is not {profile.path}")
    return said.text(profile.method), said.once(profile.uri), said.text(profile.host)


def _address(profile: Profile, said: _Said) -> str:
    if profile.address is None:
        return ""
    text = said.text(profile.address)
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise UnaskableError(f"{profile.address} is not one IP address") from None
    if "%" in text:
        raise UnaskableError(f"{profile.address} has a zone")
    return str(address)


def _of_the_client(headers: Iterable[tuple[str, bytes]], profile: Profile, address: str) -> Iterable[tuple[str, bytes]]:
    withheld = {*profile.names, *OF_THE_MESSAGE} - {profile.scheme}
    if address:
        withheld.add("x-forwarded-for")
        yield "x-forwarded-for", address.encode()
    yield from (one for one in headers if one[0] not in withheld)
