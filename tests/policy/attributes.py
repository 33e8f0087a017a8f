"""What the reference evaluator looks at: each attribute of a request as its readings.

A reading is the tuple of values that one reader sees: several where a claim is a list, none where the attribute is
missing. ``None`` instead of readings is an attribute that is there, and nobody knows what it is.
"""

import json
import re
from collections.abc import Mapping
from ipaddress import ip_address
from itertools import pairwise
from typing import Any

Readings = list[tuple[str, ...]] | None

_MISSING: list[tuple[str, ...]] = [()]
_BRACKETS = re.compile(r"\[(.*)\]")


def values_of(key: str, request: Mapping[str, Any], claims: Mapping[str, Any] | None, hops: int) -> Readings:
    """Return the readings of an operation's field, or of a condition's key."""
    name, _, rest = key.partition("[")
    if name in {"source.principal", "source.namespace", "source.serviceAccount"}:
        return _peer(name, request["principal"])
    if name in {"source.ip", "destination.ip", "remote.ip"}:
        addresses = {"source.ip": request["source"], "destination.ip": request["destination"]}
        return _address(addresses[name] if name in addresses else _remote(request, hops))
    if name in {"ports", "destination.port"}:
        return [(request["port"],)] if request["port"] else None
    if name == "connection.sni" and request["sni"] is None:
        return None
    if name == "request.headers":
        return _header(request, rest.removesuffix("]"))
    return _endpoint(name, request) or [_of_token(key, claims)]


def _endpoint(name: str, request: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return what there is once; nothing for another attribute."""
    known: dict[str, list[tuple[str, ...]]] = {
        "hosts": [tuple(request["hosts"])],
        "methods": [(request["method"],)],
        "paths": [(reading,) for reading in request["paths"]],
        "connection.sni": [(request["sni"],)] if request["sni"] else _MISSING,
    }
    return known.get(name, [])


def _header(request: Mapping[str, Any], name: str) -> Readings:
    headers: Mapping[str, list[str] | None] = request["headers"]
    readings = headers.get(name.lower(), [])
    if readings is None:
        return None
    return [(reading,) for reading in readings] or _MISSING


def _address(text: str | None) -> Readings:
    try:
        return None if text is None else [(str(ip_address(text)),)]
    except ValueError:
        return None


def _remote(request: Mapping[str, Any], hops: int) -> str | None:
    """Return the address that the last trusted proxy says it was asked by.

    Envoy appends the address of the connection, so the last one is that of the peer, the one before it is what the
    peer said, and so on. Where that is more than there are, it is the peer. A list that does not end with the peer's is
    none of Envoy's.
    """
    source: str | None = request["source"]
    if hops == 0:
        return source
    named = [one.strip() for one in (request["forwarded"] or "").split(",")]
    if source is None or _address(named[-1]) != _address(source):
        return None
    return named[-1 - hops] if len(named) > hops else source


def _peer(name: str, principal: str | None) -> Readings:
    if not principal or not principal.startswith("spiffe://"):
        return _MISSING
    identity = principal.removeprefix("spiffe://")
    if name == "source.principal":
        return [(identity,)]
    segments = identity.split("/")[1:]
    pairs = list(pairwise(segments))
    accounts = [
        (namespace, account)
        for at, (kind, namespace) in enumerate(pairs)
        for label, account in pairs[at + 2 :]
        if (kind, label) == ("ns", "sa")
    ]
    if name == "source.serviceAccount":
        return [(f"{namespace}/{account}",) for namespace, account in accounts] or _MISSING
    namespaces = [segments[at + 1] for at in range(len(segments) - 2) if segments[at] == "ns"]
    return [(namespace,) for namespace in namespaces] or _MISSING


def _of_token(key: str, claims: Mapping[str, Any] | None) -> tuple[str, ...]:
    if claims is None:
        return ()
    if key == "request.auth.principal":
        return (f"{claims['iss']}/{claims['sub']}",) if "sub" in claims else ()
    path = {"request.auth.audiences": ["aud"], "request.auth.presenter": ["azp"]}.get(key)
    if path is None:
        inside = _BRACKETS.search(key)
        if inside is None:
            raise ValueError(f"no attribute: {key}")
        path = inside[1].split("][")
    return _claim(claims, path)


def _claim(claims: Mapping[str, Any], path: list[str]) -> tuple[str, ...]:
    value: Any = claims
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if value is None:
        return ()
    if isinstance(value, str) and path in (["scope"], ["permission"]):
        return tuple(filter(None, value.split(" ")))
    return tuple(map(_text, value)) if isinstance(value, list) else (_text(value),)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | int | float) else ""
