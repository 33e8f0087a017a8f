"""Settings, key sets and policy to one ``Trust``."""

import json
from dataclasses import dataclass
from pathlib import Path

from sidecar.core.policy.key import parse_claim_path
from sidecar.core.trust import Issuer, ResponseSettings, Trust
from sidecar.keys.jwks import Jwks, JwksError, read_jwks
from sidecar.loading.load import Configuration
from sidecar.loading.policy import build_policies
from sidecar.loading.problem import ConfigurationError, FieldPath
from sidecar.settings.issuer import IssuerSettings, KeySource
from sidecar.settings.response import IdentityHeaderSettings
from sidecar.settings.response import ResponseSettings as ResponseDocument

_USUAL_HEADERS = tuple(
    str(IdentityHeaderSettings.model_fields[name].default) for name in ("subject", "issuer", "scopes")
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A ``Trust``, and what was left out of it on the way: one line a key that cannot be used."""

    trust: Trust
    warnings: tuple[str, ...]


def build_trust(configuration: Configuration) -> Loaded:
    """Build the ``Trust`` of a configuration; raises ``ConfigurationError`` where a key set cannot be used."""
    issuers: dict[str, Issuer] = {}
    warnings: list[str] = []
    problems = []
    for index, settings in enumerate(configuration.settings.issuers):
        where: FieldPath = ("issuers", index, "keys")
        try:
            jwks = _read_keys(settings, configuration.document.path.parent)
        except JwksError as error:
            problems.append(configuration.problem((*where, *settings.keys.model_fields_set), str(error)))
            continue
        warnings += [f"{settings.issuer}: key left out: {line}" for line in jwks.refused]
        issuers[settings.issuer] = _issuer(settings, jwks)
    if problems:
        raise ConfigurationError(problems)
    return Loaded(_trust(configuration, issuers), tuple(warnings))


def _read_keys(settings: IssuerSettings, folder: Path) -> Jwks:
    jwks = read_jwks(_document(settings.keys, folder))
    if all(key.algorithms.isdisjoint(settings.algorithms) for key in jwks.keys.keys):
        found = sorted({algorithm for key in jwks.keys.keys for algorithm in key.algorithms})
        raise JwksError(f"has keys for {', '.join(found)} alone, and 'algorithms' allows none of these")
    return jwks


def _document(source: KeySource, folder: Path) -> bytes:
    if source.file is not None:
        try:
            return (folder / source.file).read_bytes()
        except OSError as error:
            raise JwksError(f"{source.file}: cannot be read: {error.strerror}") from None
        except ValueError:
            raise JwksError("is no file name") from None
    return json.dumps(source.jwks, default=str).encode()


def _issuer(settings: IssuerSettings, jwks: Jwks) -> Issuer:
    return Issuer(
        issuer=settings.issuer,
        audiences=frozenset(settings.audiences),
        algorithms=frozenset(settings.algorithms),
        token_types=frozenset(name.lower().removeprefix("application/") for name in settings.token_types),
        keys=jwks.keys,
        clock_skew=settings.clock_skew_seconds,
        max_lifetime=settings.max_lifetime_seconds,
        required_claims=frozenset(settings.required_claims),
    )


def _trust(configuration: Configuration, issuers: dict[str, Issuer]) -> Trust:
    settings = configuration.settings
    return Trust(
        issuers=issuers,
        policy=build_policies(settings),
        response=_response(settings.response),
        path_mode=settings.request.path_mode,
        max_token_bytes=settings.request.max_token_bytes,
        max_path_bytes=settings.request.max_path_bytes,
    )


def _response(settings: ResponseDocument) -> ResponseSettings:
    headers = settings.identity_headers
    fixed = (headers.subject, headers.issuer, headers.scopes)
    # The usual names too: an upstream may go on reading a header that was switched off or renamed here.
    stripped = (*filter(None, fixed), *_USUAL_HEADERS, *headers.claims.values())
    return ResponseSettings(
        realm=settings.realm,
        subject_header=headers.subject,
        issuer_header=headers.issuer,
        scopes_header=headers.scopes,
        claim_headers=tuple((parse_claim_path(claim), name) for claim, name in headers.claims.items()),
        forward_token=settings.forward_token,
        strip_override_headers=settings.strip_override_headers,
        metadata_claims=tuple(settings.metadata_claims),
        max_header_bytes=settings.max_header_bytes,
        stripped_headers=tuple(dict.fromkeys(stripped)),
    )
