"""Credentials that do not go together, between issuers or with the headers that carry identity."""

from collections.abc import Iterator

from sidecar.core.source import BEARER, DPOP, Source
from sidecar.loading.problem import FieldPath
from sidecar.loading.reserved import has_meaning
from sidecar.settings import Settings
from sidecar.settings.credential import CredentialSettings, sources_of
from sidecar.settings.issuer import IssuerSettings

_Placed = tuple[FieldPath, CredentialSettings]


def credential_inconsistencies(settings: Settings) -> Iterator[tuple[FieldPath, str]]:
    """Yield each field's path and what is wrong."""
    yield from _names(settings)
    yield from _owners(settings)
    identity = settings.response.identity_headers
    carried = {identity.subject, identity.issuer, identity.scopes, *identity.claims.values()}
    whole = {one.source().name for _, one in _all(settings) if one.header is not None and not one.source().scheme}
    for where, one in _all(settings):
        if one.header is None:
            continue
        name = one.source().name
        if name in carried:
            yield (*where, "header", "name"), f"{name!r} carries identity to the upstream; choose another"
        elif has_meaning(name) and name != BEARER.name:
            yield (*where, "header", "name"), f"{name!r} has a meaning of its own; choose another, such as 'x-api-key'"
        if name in whole and one.source().scheme:
            yield (*where, "header", "prefix"), f"{name!r} is taken whole elsewhere; give all or none a prefix"


def _owners(settings: Settings) -> Iterator[tuple[FieldPath, str]]:
    """Yield places in which nothing would tell whose an opaque credential is."""
    owners = dict.fromkeys(settings.api_keys.sources() if settings.api_keys else (), "the API keys")
    for index, issuer in enumerate(settings.issuers):
        if issuer.asked() is None:
            continue
        for source in sorted(_sources(issuer)):
            other = owners.setdefault(source, repr(issuer.issuer))
            if other != repr(issuer.issuer):
                where = f"{source.kind} {source.name}"
                problem = f"{where} has the opaque credentials of {other} too; give each a place of its own"
                yield ("issuers", index, "credentials"), problem


def _sources(issuer: IssuerSettings) -> frozenset[Source]:
    has_dpop = issuer.bound_tokens is not None and issuer.bound_tokens.dpop is not None
    return sources_of(issuer.credentials) | (frozenset({DPOP}) if has_dpop else frozenset())


def _all(settings: Settings) -> Iterator[_Placed]:
    for index, issuer in enumerate(settings.issuers):
        for number, one in enumerate(issuer.credentials):
            yield ("issuers", index, "credentials", number), one
    for number, one in enumerate(settings.api_keys.credentials if settings.api_keys else ()):
        yield ("api_keys", "credentials", number), one


def _names(settings: Settings) -> Iterator[tuple[FieldPath, str]]:
    if settings.api_keys is None:
        if not settings.issuers and settings.istio is None:
            yield ("issuers",), "nobody is trusted; name an issuer, or give 'api_keys'"
        return
    ours = settings.api_keys.issuer
    for issuer in settings.issuers:
        # As between issuers: principals are issuer/subject, and one must never be taken for another.
        if f"{issuer.issuer}/".startswith(f"{ours}/") or f"{ours}/".startswith(f"{issuer.issuer}/"):
            yield ("api_keys", "issuer"), f"{ours!r} and the issuer {issuer.issuer!r} could be mistaken for each other"
