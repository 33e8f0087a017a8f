"""Settings, key sets and policy to one ``Trust``."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sidecar.core import base64url
from sidecar.core.algorithm import SYMMETRIC
from sidecar.core.effects.model import Effects
from sidecar.core.headers_read import OVERRIDE_HEADERS, headers_in_conditions
from sidecar.core.keys import NO_KEYS, key_set
from sidecar.core.policy.hook import Hook, headers_of
from sidecar.core.policy.key import parse_claim_path
from sidecar.core.policy.model import PolicySet
from sidecar.core.source import BEARER, DPOP, Source
from sidecar.core.trust import AssertionSettings, Issuer, ResponseSettings, Trust
from sidecar.keys.api_keys import MAX_FILE_BYTES, ApiKeysError
from sidecar.keys.hmac_secret import SecretError, hmac_key
from sidecar.keys.jwk import JwkError
from sidecar.keys.jwks import Jwks, JwksError, read_jwks
from sidecar.keys.pem import jwks_of_pem
from sidecar.keys.regular_file import open_regular
from sidecar.keys.remote.held import NOTHING, Held
from sidecar.loading.bundled import read_signers
from sidecar.loading.confirmation import GoodUntil
from sidecar.loading.decision_log import require_decision_log
from sidecar.loading.effects import build_effects
from sidecar.loading.forward_auth import forward_auth_problems
from sidecar.loading.hooks import build_hooks, hook_problems, read_hooks
from sidecar.loading.key_holders import key_holders
from sidecar.loading.load import Configuration
from sidecar.loading.policy import build_policies
from sidecar.loading.problem import ConfigurationError, FieldPath, dotted
from sidecar.loading.secret import read_secret
from sidecar.loading.warm_up import require_warm_up
from sidecar.settings import Settings
from sidecar.settings import assertion as assertion_settings
from sidecar.settings.credential import sources_of
from sidecar.settings.issuer import IssuerSettings
from sidecar.settings.keys import KeySource
from sidecar.settings.response import IdentityHeaderSettings

_USUAL_HEADERS = tuple(
    str(IdentityHeaderSettings.model_fields[name].default) for name in ("subject", "issuer", "scopes")
)


_NOT_ENFORCED = "dry_run: nothing is enforced: every request passes that can be read, whatever is told of it"


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, the ``Trust`` they make, and what was noticed on the way: a line each, such as a key left out.

    ``good_until`` is no part of the ``Trust``: when its keys were confirmed changes more often than they do.
    """

    settings: Settings
    trust: Trust
    warnings: tuple[str, ...]
    good_until: GoodUntil = field(default_factory=dict)
    without_bundle: PolicySet | None = None  #: what holds in place of the policies once the bundle is out of force


class KeySetError(Exception):
    """Keys that cannot be used: ``problems`` are the field they come from and what is wrong."""

    def __init__(self, problems: Sequence[tuple[FieldPath, str]]) -> None:
        super().__init__("; ".join(f"{dotted(path)}: {message}" for path, message in problems))
        self.problems = tuple(problems)


#: What was fetched for an issuer so far.
Fetched = Callable[[IssuerSettings], Held]


def nothing_fetched(_issuer: IssuerSettings) -> Held:
    """Say that nothing was fetched, as it is before a sidecar runs."""
    return NOTHING


def load_trust(configuration: Configuration) -> Loaded:
    """Build the ``Trust`` of a configuration by itself: before any keys are fetched, and without a policy bundle.

    Raises ``ConfigurationError`` where a key set cannot be used.
    """
    read_signers(configuration)
    require_decision_log(configuration)
    require_warm_up(configuration)
    hooks = read_hooks(configuration)
    return compile_with_places(configuration, read_key_sets(configuration), read_key_holders(configuration), hooks)


def read_key_holders(configuration: Configuration) -> bytes:
    """Read the file of API keys, as it stands; raises ``ConfigurationError``. Empty where there are none."""
    settings = configuration.settings.api_keys
    if settings is None:
        return b""
    try:
        return _read(configuration.document.path.parent, settings.file)
    except JwksError as error:
        raise ConfigurationError([configuration.problem(("api_keys", "file"), str(error))]) from None


def read_key_sets(configuration: Configuration, fetched: Fetched = nothing_fetched) -> tuple[bytes, ...]:
    """Read the JWK Set of each issuer, as it stands; raises ``ConfigurationError`` for files that cannot be read.

    Of issuers whose keys are fetched it is what ``fetched`` returns, empty where that is nothing.
    """
    documents, problems = [], []
    for index, issuer in enumerate(configuration.settings.issuers):
        try:
            if issuer.is_remote:
                documents.append(fetched(issuer).document or b"")
            else:
                documents.append(_document(issuer.keys, configuration.document.path.parent))
        except (JwksError, SecretError) as error:
            problems.append(configuration.problem(_keys_of(index, issuer), str(error)))
    if problems:
        raise ConfigurationError(problems)
    return tuple(documents)


def compile_with_places(
    configuration: Configuration, key_sets: Sequence[bytes], api_keys: bytes, hooks: bytes = b""
) -> Loaded:
    """Do as ``compile_trust`` does, but raise ``ConfigurationError``, which names file, line and field."""
    try:
        loaded = compile_trust(configuration.settings, key_sets, api_keys, hooks)
        return replace(loaded, warnings=configuration.document.warnings + loaded.warnings)
    except KeySetError as error:
        raise ConfigurationError([configuration.problem(*problem) for problem in error.problems]) from None


def compile_trust(settings: Settings, key_sets: Sequence[bytes], api_keys: bytes = b"", hooks: bytes = b"") -> Loaded:
    """Build the ``Trust`` of settings, the JWK Sets of their issuers, in order, and API keys; raises ``KeySetError``.

    ``hooks`` is what the hooks are (``loading.hooks.read_hooks``).

    A pure function: processes that are given the same make the same ``Trust``, with the same digest.
    """
    issuers: dict[str, Issuer] = {}
    warnings = [_NOT_ENFORCED] if settings.dry_run else []
    problems: list[tuple[FieldPath, str]] = []
    for index, (issuer, document) in enumerate(zip(settings.issuers, key_sets, strict=True)):
        try:
            # INVARIANT: only an issuer whose keys are fetched may have none, and then its tokens are denied.
            is_without = issuer.is_remote and not document
            jwks = Jwks(NO_KEYS, ()) if is_without else usable_keys(issuer, document)
        except (JwksError, SecretError) as error:
            problems.append((_keys_of(index, issuer), str(error)))
            continue
        warnings += [f"{issuer.issuer}: key left out: {line}" for line in jwks.refused]
        issuers[issuer.issuer] = _issuer(issuer, jwks)
    problems += _secrets_that_are_public(settings, issuers)
    if settings.api_keys is not None:
        try:
            issuers[settings.api_keys.issuer] = key_holders(settings.api_keys, api_keys)
        except ApiKeysError as error:
            problems.append((("api_keys", "file"), str(error)))
    found = build_hooks(settings, hooks)
    problems += hook_problems(settings, found)
    if problems:
        raise KeySetError(problems)
    trust = _trust(settings, issuers, found)
    if uncarried := list(forward_auth_problems(settings, trust)):
        raise KeySetError(uncarried)
    return Loaded(settings, trust, tuple(warnings))


def _keys_of(index: int, issuer: IssuerSettings) -> FieldPath:
    return ("issuers", index, "keys", *((issuer.keys.source,) if issuer.keys else ()))


def usable_keys(settings: IssuerSettings, document: bytes) -> Jwks:
    """Read the JWK Set of an issuer; raises ``JwksError`` where there is no key in it for any of its algorithms.

    Of one with a secret that is what ``document`` is; raises ``SecretError``. One that is asked may have none.
    """
    if settings.keys is None:
        return Jwks(NO_KEYS, ())
    secret = settings.keys.hmac_secret
    if secret is not None:
        return Jwks(key_set([hmac_key(document, secret.key_id)]), ())
    jwks = read_jwks(document)
    if all(key.algorithms.isdisjoint(settings.algorithms) for key in jwks.keys.keys):
        found = sorted({algorithm for key in jwks.keys.keys for algorithm in key.algorithms})
        raise JwksError(f"has keys for {', '.join(found)} alone, and 'algorithms' allows none of these")
    return jwks


def _secrets_that_are_public(settings: Settings, issuers: Mapping[str, Issuer]) -> Iterator[tuple[FieldPath, str]]:
    """Yield the issuers whose secret is the public key of another one."""
    keys = {key for issuer in issuers.values() for key in issuer.keys.keys}
    public = {key.material for key in keys if SYMMETRIC.isdisjoint(key.algorithms)}
    public |= {spelt for key in public for spelt in (base64url.encode(key), key.hex().encode())}
    for index, issuer in enumerate(settings.issuers):
        found, secret = issuers.get(issuer.issuer), issuer.keys and issuer.keys.hmac_secret
        if secret and found and any(key.material in public for key in found.keys.keys):
            yield _keys_of(index, issuer), "is a public key of another issuer: whoever has that could sign"


def _document(source: KeySource | None, folder: Path) -> bytes:
    if source is None:
        return b""
    if source.hmac_secret is not None:
        return read_secret(source.hmac_secret, folder)
    if source.file is not None:
        return _read(folder, source.file)
    if source.pem_file is not None:
        try:
            return jwks_of_pem(_read(folder, source.pem_file), source.key_id)
        except JwkError as error:
            raise JwksError(f"{source.pem_file}: {error}") from None
    return json.dumps(source.jwks, default=str).encode()


def _read(folder: Path, name: str) -> bytes:
    try:
        with open_regular(folder / name) as file:
            return file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise JwksError(f"{name}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise JwksError("is no file name") from None


def _issuer(settings: IssuerSettings, jwks: Jwks) -> Issuer:
    return Issuer(
        issuer=settings.issuer,
        audiences=None if settings.any_audience else frozenset(settings.audiences),
        # Without keys none, so that no signature is ever looked into.
        algorithms=frozenset(settings.algorithms if settings.keys else ()),
        token_types=frozenset(name.lower().removeprefix("application/") for name in settings.token_types),
        keys=jwks.keys,
        clock_skew=settings.clock_skew_seconds,
        max_lifetime=settings.max_lifetime_seconds,
        required_claims=frozenset(settings.required_claims),
        refetch_wait=settings.keys.fetch.refetch_wait_seconds if settings.keys and settings.is_remote else 0.0,
        sources=sources_of(settings.credentials) | (frozenset({DPOP}) if _has_dpop(settings) else frozenset()),
        bound=None if settings.bound_tokens is None else settings.bound_tokens.bound(),
        introspection=settings.asked(),
    )


def _has_dpop(settings: IssuerSettings) -> bool:
    return settings.bound_tokens is not None and settings.bound_tokens.dpop is not None


def _trust(settings: Settings, issuers: dict[str, Issuer], hooks: tuple[Hook, ...]) -> Trust:
    sources = frozenset(source for issuer in issuers.values() for source in issuer.sources)
    policy, effects, body = build_policies(settings), build_effects(settings), settings.request.body
    return Trust(
        issuers=issuers,
        policy=policy,
        response=_response(settings, sources, policy, effects, hooks),
        path_mode=settings.request.path_mode,
        max_token_bytes=settings.request.max_token_bytes,
        max_path_bytes=settings.request.max_path_bytes,
        max_body_bytes=0 if body is None else body.max_bytes,
        takes_partial_bodies=body is not None and body.allow_partial_message,
        route_metadata=tuple(settings.request.route_metadata),
        effects=effects,
        hooks=hooks,
    )


def _response(
    whole: Settings, sources: frozenset[Source], policy: PolicySet, effects: Effects, hooks: Sequence[Hook]
) -> ResponseSettings:
    settings = whole.response
    headers = settings.identity_headers
    fixed = (headers.subject, headers.issuer, headers.scopes)
    # The usual names too: an upstream may go on reading a header that was switched off or renamed here.
    stripped = (*filter(None, fixed), *_USUAL_HEADERS, *headers.claims.values(), *_assertion_headers(whole.assertion))
    # What one policy sets no client sends, whichever policy lets it in; what one removes passes in no other spelling.
    stripped = (*stripped, *sorted(effects.upstream_headers), *headers_of(hooks))
    removed = (name for one in effects.allowed.values() for name in one.remove)
    # What policies and hooks look at: an upstream must not find another value in a header that it takes for that one.
    read = headers_in_conditions(policy).union(*(hook.reads_headers for hook in hooks))
    overrides = OVERRIDE_HEADERS if settings.strip_override_headers else ()
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
        guarded_headers=frozenset((*stripped, *overrides, *removed, *read)),
        token_headers=tuple(sorted({BEARER.name, *_names(sources, "header"), *(["dpop"] if DPOP in sources else ())})),
        token_cookies=_names(sources, "cookie"),
        token_parameters=_names(sources, "query"),
        assertion=None if whole.assertion is None else _assertion(whole.assertion),
    )


def _assertion_headers(settings: assertion_settings.AssertionSettings | None) -> tuple[str, ...]:
    usual = str(assertion_settings.AssertionSettings.model_fields["header"].default)
    return () if settings is None else (settings.header, usual)


def _assertion(settings: assertion_settings.AssertionSettings) -> AssertionSettings:
    return AssertionSettings(
        issuer=settings.issuer,
        header=settings.header,
        audience=tuple(settings.audiences),
        policy_audiences=tuple((name, tuple(audiences)) for name, audiences in settings.policy_audiences.items()),
        lifetime=settings.lifetime_seconds,
        token_type=settings.token_type,
        subject_is_principal=settings.subject == "principal",
        claims=tuple(settings.claims),
    )


def _names(sources: frozenset[Source], kind: str) -> tuple[str, ...]:
    return tuple(sorted({source.name for source in sources if source.kind == kind}))
