"""One look at a source: its discovery document where it has one, then its key set."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from sidecar.core.strict_json import Json, JsonError, loads_object
from sidecar.keys.regular_file import open_regular
from sidecar.keys.remote.client import Access, Client, opened
from sidecar.keys.remote.freshness import fresh_seconds
from sidecar.keys.remote.trouble import FetchError, Trouble
from sidecar.keys.remote.url import Url, UrlError, discovery_url, parse_url

#: Bytes of the largest bearer token that is read.
_MAX_CREDENTIAL = 16 * 1024
#: Characters of an ETag that is sent back.
_MAX_ETAG = 256


@dataclass(frozen=True, slots=True)
class Place:
    """Where an issuer's key set is: at ``url``, or (``None``) where its discovery document says."""

    issuer: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Validator:
    """What names the version one has: an ETag (RFC 9110, section 8.8.3), and the URL it is for."""

    url: str = ""
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A key set as it came; ``document`` is ``None`` where it is still the one that ``Validator`` named.

    ``fresh`` is in seconds, ``None`` where nothing is said. ``certificate_expires_at`` is in seconds since the epoch.
    """

    document: bytes | None
    validator: Validator
    fresh: float | None
    certificate_expires_at: float | None


async def fetch(place: Place, access: Access, had: Validator) -> Fetched:
    """Look at ``place``; raises ``FetchError``. ``had`` is the version one has."""
    async with opened(access) as client:
        try:
            asked = _first(place, access)
            credential = await _credential(access)
            url = asked if place.url else await _discover(client, place.issuer, asked, credential)
            return await _key_set(client, url, had, credential if url.origin == asked.origin else {})
        except UrlError as error:
            raise FetchError(Trouble.URL_REFUSED, str(error)) from None


def _first(place: Place, access: Access) -> Url:
    if place.url is not None:
        return parse_url(place.url, allow_http=access.allow_http)
    return discovery_url(place.issuer, allow_http=access.allow_http)


async def _credential(access: Access) -> dict[str, str]:
    """Return the header with our own token, read anew: Kubernetes renews it. For the configured origin alone."""
    if access.bearer_token_file is None:
        return {}
    try:
        token = await asyncio.to_thread(_read, access.bearer_token_file)
    except (OSError, ValueError) as error:
        raise FetchError(Trouble.CREDENTIAL, f"bearer_token_file cannot be used: {type(error).__name__}") from None
    return {"authorization": f"Bearer {token}"}


def _read(path: Path) -> str:
    with open_regular(path) as file:
        token = file.read(_MAX_CREDENTIAL).decode("ascii").strip()
    if not token or not token.isprintable() or " " in token:
        raise ValueError("no token")
    return token


async def _discover(client: Client, issuer: str, asked: Url, credential: dict[str, str]) -> Url:
    answer = await client.get(asked, credential)
    metadata = _object(answer.body, asked)
    if metadata.get("issuer") != issuer:
        # INVARIANT: another issuer's document is not taken (RFC 8414, section 3.3; OIDC Discovery, section 4.3): a
        # server for many could otherwise be led to vouch for one with the keys of another.
        text = (
            f"{asked.shown}: is that of {metadata.get('issuer')!r:.200}, and not of {issuer!r}, character by character"
        )
        raise FetchError(Trouble.WRONG_ISSUER, text)
    named = metadata.get("jwks_uri")
    if not isinstance(named, str):
        raise FetchError(Trouble.MALFORMED, f"{asked.shown}: jwks_uri is not a string")
    try:
        # A document that came over TLS does not lead out of it, whatever is allowed.
        return parse_url(named, allow_http=client.access.allow_http and asked.scheme == "http")
    except UrlError as error:
        raise UrlError(f"{asked.shown}: jwks_uri {named[:200]!r} {error}") from None


async def _key_set(client: Client, url: Url, had: Validator, credential: dict[str, str]) -> Fetched:
    condition = {"if-none-match": had.etag} if had.etag and had.url == url.text else {}
    answer = await client.get(url, credential | condition)
    etag = answer.headers.get("etag", had.etag if answer.body is None else "")
    usable = etag if len(etag) <= _MAX_ETAG and etag.isascii() and etag.isprintable() else ""
    return Fetched(
        answer.body, Validator(url.text, usable), fresh_seconds(answer.headers), client.certificate_expires_at
    )


def _object(body: bytes | None, url: Url) -> dict[str, Json]:
    try:
        return dict(loads_object(body or b""))
    except JsonError as error:
        raise FetchError(Trouble.MALFORMED, f"{url.shown}: is no discovery document: {error}") from None
