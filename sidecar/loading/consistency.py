"""What no single field can see: fields that do not go together. Yields the field's path and what is wrong."""

from collections.abc import Iterator

from sidecar.core.algorithm import SYMMETRIC
from sidecar.core.policy.match import PatternError
from sidecar.core.policy.model import Action
from sidecar.core.policy.patterns import path_patterns
from sidecar.loading.credential_consistency import credential_inconsistencies
from sidecar.loading.effect_values import LARGEST_TOKEN
from sidecar.loading.effects_consistency import effect_inconsistencies
from sidecar.loading.forward_auth import forward_auth_inconsistencies
from sidecar.loading.policy import terms_of
from sidecar.loading.problem import FieldPath
from sidecar.loading.reserved import has_meaning
from sidecar.loading.telemetry import telemetry_inconsistencies
from sidecar.settings import Settings
from sidecar.settings.assertion import RESERVED_CLAIMS, AssertionSettings
from sidecar.settings.policy import OperationSettings
from sidecar.settings.response import IdentityHeaderSettings
from sidecar.transport.address import is_local, parse_anywhere

Inconsistency = tuple[FieldPath, str]


def inconsistencies(settings: Settings) -> Iterator[Inconsistency]:
    """Yield everything in ``settings`` that does not go together."""
    yield from _processes(settings)
    yield from _listening(settings)
    yield from forward_auth_inconsistencies(settings)
    yield from _issuers(settings)
    yield from credential_inconsistencies(settings)
    yield from _secrets(settings)
    yield from _revocation(settings)
    yield from _policy_names(settings)
    yield from _hooks(settings)
    yield from _path_patterns(settings)
    yield from _expressions(settings)
    yield from effect_inconsistencies(settings)
    yield from _identity_headers(settings.response.identity_headers)
    if settings.assertion is not None:
        yield from _assertion(settings, settings.assertion)
    if settings.tracing is not None:
        yield from telemetry_inconsistencies(("tracing",), settings.tracing)
    if settings.decision_log.otlp is not None:
        yield from telemetry_inconsistencies(("decision_log", "otlp"), settings.decision_log.otlp)


def _processes(settings: Settings) -> Iterator[Inconsistency]:
    yield from _verifiers(settings)
    if settings.numa_aware_placement and not settings.cpu_affinity_enabled:
        yield (
            ("numa_aware_placement",),
            "needs cpu_affinity_enabled: memory is near a process because that was pinned first",
        )


def _verifiers(settings: Settings) -> Iterator[Inconsistency]:
    given, most, first = (
        settings.verification_workers_min,
        settings.verification_workers_max,
        settings.verification_workers,
    )
    least = given or 1
    if most is None:
        if given is not None:
            yield ("verification_workers_min",), "says nothing without verification_workers_max; write that too"
    elif least > most:
        yield ("verification_workers_min",), f"is above verification_workers_max, which is {most}"
    elif first is not None and not least <= first <= most:
        yield ("verification_workers",), f"is the number at the start, from {least} to {most}; or leave it out"


def _listening(settings: Settings) -> Iterator[Inconsistency]:
    if settings.listen_mode == "shared" and settings.listen.startswith("unix:"):
        yield ("listen_mode",), "a Unix socket has one listener; share a port, or write 'per_process'"
    if settings.tls is None and not is_local(parse_anywhere(settings.listen)):
        yield (
            ("listen",),
            f"{settings.listen} takes 'tls': without it whoever sits on the network could answer in our place",
        )
    if settings.tls is not None and settings.listen.startswith("unix:"):
        yield ("tls",), "goes with an IP address only; leave it out, the socket's permissions protect it"
    if settings.tls is not None and settings.transport == "native":
        yield ("transport",), "native has no TLS; write 'grpcio', or leave it out"
    if settings.native.allowed_peers is not None and not (settings.is_native and settings.listen.startswith("unix:")):
        yield (
            ("native", "allowed_peers"),
            "of a Unix socket alone the kernel tells who connects, and the native transport alone asks it; see 'tls'",
        )


def _revocation(settings: Settings) -> Iterator[Inconsistency]:
    revocation = settings.revocation
    if revocation is not None and revocation.admin_api and settings.admin.listen is None:
        yield ("revocation", "admin_api"), "needs admin.listen: there is no administration to post to"
    if revocation is None and settings.hash_processor_workers:
        yield ("hash_processor_workers",), "there is nothing to hash without 'revocation'; leave it out"


def _issuers(settings: Settings) -> Iterator[Inconsistency]:
    names = [issuer.issuer for issuer in settings.issuers]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield ("issuers", index, "issuer"), f"{name!r} is configured twice; write one entry with both key sets"
        longer = [other for other in names if other.startswith(name + "/")]
        if longer:
            # Principals are issuer/subject: with a subject of its choice the shorter could name one of the longer's.
            yield (
                ("issuers", index, "issuer"),
                f"{longer[0]!r} begins with {name!r} and '/': their principals could be mistaken for each other",
            )


def _secrets(settings: Settings) -> Iterator[Inconsistency]:
    # INVARIANT: an issuer has a secret or public keys, never both, and HS256 goes with a secret alone: or a public key
    # could be taken for the secret that it is not (RFC 8725, section 2.1).
    for index, issuer in enumerate(settings.issuers):
        where: FieldPath = ("issuers", index, "algorithms")
        secret = None if issuer.keys is None else issuer.keys.hmac_secret
        if secret is None and not SYMMETRIC.isdisjoint(issuer.algorithms):
            yield where, "HS256 takes 'keys.hmac_secret', and stands alone: never together with public keys"
        if secret is not None and set(issuer.algorithms) != SYMMETRIC:
            yield where, "with 'keys.hmac_secret' write [HS256] and nothing else: a secret is for no other algorithm"


def _policy_names(settings: Settings) -> Iterator[Inconsistency]:
    names = [policy.name for policy in settings.policies]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield ("policies", index, "name"), f"{name!r} is used twice; a denial must name one policy"


def _hooks(settings: Settings) -> Iterator[Inconsistency]:
    calls = [hook.call for hook in settings.hooks]
    for index, call in enumerate(calls):
        if call in calls[:index]:
            yield ("hooks", index, "call"), f"{call!r} is asked twice; a denial must name one hook"
    if settings.hook_folder is not None and not calls:
        yield ("hook_folder",), "there are no 'hooks' to look for; leave it out"


def _path_patterns(settings: Settings) -> Iterator[Inconsistency]:
    for where, operation in _operations(settings):
        for field, patterns in (("paths", operation.paths), ("notPaths", operation.not_paths)):
            for index, pattern in enumerate(patterns or ()):
                try:
                    path_patterns(pattern, settings.request.path_mode)
                except PatternError as error:
                    yield (*where, field, index), str(error)


def _expressions(settings: Settings) -> Iterator[Inconsistency]:
    size = settings.request.max_token_bytes
    for where, text in _cel(settings):
        try:
            terms = terms_of(text)
        except ValueError as error:
            yield where, str(error)
            continue
        if settings.request.body is None and any("request.body" in term.variables for term in terms):
            yield where, "looks at the body, which Envoy is not told to send; write 'request: {body: {}}'"
        if not settings.request.route_metadata and any("route.metadata" in term.variables for term in terms):
            yield where, "looks at route.metadata, which Envoy is not told to send; name it in request.route_metadata"
        if size > LARGEST_TOKEN and any("identity.claims" in term.variables for term in terms):
            yield (
                ("request", "max_token_bytes"),
                f"at most {LARGEST_TOKEN} where an expression looks at claims: its cost is bounded for so many",
            )


def _cel(settings: Settings) -> Iterator[tuple[FieldPath, str]]:
    for p, policy in enumerate(settings.policies):
        for r, rule in enumerate(policy.rules):
            for w, condition in enumerate(rule.when or ()):
                if condition.cel is not None:
                    yield ("policies", p, "rules", r, "when", w, "cel"), condition.cel


def _operations(settings: Settings) -> Iterator[tuple[FieldPath, OperationSettings]]:
    for name, operations in (("public", settings.public), ("cors_preflight", settings.cors_preflight)):
        for index, operation in enumerate(operations):
            yield (name, index), operation
    for index, hook in enumerate(settings.hooks):
        for place, operation in enumerate(hook.on or ()):
            yield ("hooks", index, "on", place), operation
    for p, policy in enumerate(settings.policies):
        for r, rule in enumerate(policy.rules):
            for t, to in enumerate(rule.to or ()):
                yield ("policies", p, "rules", r, "to", t, "operation"), to.operation


def _identity_headers(headers: IdentityHeaderSettings) -> Iterator[Inconsistency]:
    seen: set[str] = set()
    for path, name in _named_headers(headers):
        where: FieldPath = ("response", "identity_headers", *path)
        if has_meaning(name):
            yield where, f"{name!r} has a meaning of its own; choose another, such as 'x-auth-{path[-1]}'"
        if name in seen:
            yield where, f"{name!r} is used twice; each header carries one value"
        seen.add(name)


def _assertion(settings: Settings, assertion: AssertionSettings) -> Iterator[Inconsistency]:
    header = assertion.header
    if has_meaning(header):
        yield (
            ("assertion", "header"),
            f"{header!r} has a meaning of its own; choose another, such as 'x-auth-assertion'",
        )
    if header in {name for _, name in _named_headers(settings.response.identity_headers)}:
        yield ("assertion", "header"), f"{header!r} is an identity header as well; each header carries one value"
    for index, claim in enumerate(assertion.claims):
        if claim in RESERVED_CLAIMS:
            yield ("assertion", "claims", index), f"{claim!r} is set by the sidecar or another token's; leave it out"
    if assertion.subject == "subject" and len(settings.issuers) + (settings.api_keys is not None) > 1:
        yield (
            ("assertion", "subject"),
            "with several issuers two of them could have one subject in common; write 'principal', or leave it out",
        )
    allowing = [policy.name for policy in settings.policies if policy.action is Action.ALLOW]
    for name in assertion.policy_audiences:
        # Of a bundle that is not here yet nobody knows the names.
        if name not in allowing and settings.policy_bundle is None:
            found = ", ".join(allowing) or "none"
            yield ("assertion", "policy_audiences", name), f"names no policy that allows; there are: {found}"


def _named_headers(headers: IdentityHeaderSettings) -> Iterator[tuple[tuple[str, ...], str]]:
    for field in ("subject", "issuer", "scopes"):
        name = getattr(headers, field)
        if name is not None:
            yield (field,), name
    for claim, name in headers.claims.items():
        yield ("claims", claim), name
