"""What is counted: the one place where series have their names, and their indices in shared memory.

Whoever counts does ``row.add(SHED)``; ``exposition.py`` reads the same families. Every label is the member of a closed
enum, or of checks a name out of the configuration, so that no caller can make series. Names follow Prometheus' rules: a
prefix, base units, ``_total``.
"""

from enum import StrEnum
from typing import Final

from sidecar.core.reason import ALWAYS_ENFORCED, OUTCOMES, Reason
from sidecar.memory.counter_schema import HistogramSchema, Schema
from sidecar.memory.labelled_layout import OTHER, LabelledSchema
from sidecar.observe import (
    forward_auth_series,
    hook_series,
    log_series,
    pool_series,
    process_series,
    revocation_series,
    span_series,
    transport_series,
)
from sidecar.observe.family import Family, Histograms, every
from sidecar.observe.revocation_series import Revocation, Source


class Tier(StrEnum):
    """Where an identity is looked for."""

    L1 = "l1"  #: in the process
    L2 = "l2"  #: in the shared cache


class Lookup(StrEnum):
    """How that ended."""

    HIT = "hit"
    MISS = "miss"  #: it was not there
    EXPIRED = "expired"  #: it was there, past its time
    TORN = "torn"  #: it was there, half written


class Route(StrEnum):
    """Where a signature is checked."""

    INLINE = "inline"  #: in the process that received the check
    POOL = "pool"  #: by a verifier process


class Verification(StrEnum):
    """How that ended."""

    VALID = "valid"
    INVALID = "invalid"
    LATE = "late"  #: nobody waited for it any more: the caller's deadline came first, or it went away
    FAILED = "failed"  #: no verdict: verifying raised something


class Reload(StrEnum):
    """How a new configuration or key set ended."""

    OK = "ok"
    REFUSED = "refused"  #: the old one stays in force


class Introspection(StrEnum):
    """How a question to an issuer about an opaque token ended."""

    ANSWERED = "answered"
    FAILED = "failed"  #: no answer, or none that can be used
    REJECTED = "rejected"  #: not asked, since the issuer failed again and again


class Signing(StrEnum):
    """How a statement about an identity ended that was to be signed."""

    SIGNED = "signed"
    UNAVAILABLE = "unavailable"  #: nobody signed it in time


#: The outcome of what passes in global dry run alone.
WOULD_DENY: Final = "would_deny"


def outcome(reason: Reason) -> str:
    """Return what a check that ended for ``reason`` came to."""
    return "allowed" if OUTCOMES[reason].status == 200 else "denied"  # noqa: PLR2004 - OK


#: What passes in global dry run is counted by what would have been decided.
_ENDS: Final = tuple(reason for reason in Reason if reason is not Reason.DRY_RUN)
_TRIED: Final = tuple(one for one in _ENDS if outcome(one) == "denied" and one not in ALWAYS_ENFORCED)
_ENDINGS: Final = (
    *((outcome(reason), reason.value) for reason in _ENDS),
    *((WOULD_DENY, reason.value) for reason in _TRIED),
)
#: Not among ``FAMILIES``, for issuers and policies have the names that the configuration gives them. Of each ending one
#: series is there from the beginning, without such names, and one stands for all that there is no room for.
CHECKS: Final = Family(
    "authz_checks",
    "Checks that were answered, by why they ended as they did; the reasons are in docs/reasons.md. would_deny: they "
    "were let pass, since nothing is enforced (dry_run). issuer: whose token it was, where it names one of the "
    "configuration's. policy: the one that decided.",
    ("outcome", "reason", "issuer", "policy"),
    tuple((*ending, "", "") for ending in _ENDINGS) + tuple((*ending, OTHER, OTHER) for ending in _ENDINGS),
)
#: Outcomes with reason, issuer and policy that one process tells apart; all others have ``OTHER`` for these. A few
#: issuers and some hundred policies, each with the few reasons that it comes to.
MOST_CHECKS: Final = 512
_LOOKUPS: Final = Family(
    "authz_cache_lookups",
    "Identities looked for in a cache: l1 is the process's own, l2 the one that all processes share.",
    ("tier", "result"),
    every(Tier, Lookup),
)
_EVICTIONS: Final = Family(
    "authz_cache_evictions", "Live identities that were put out of a cache for want of room.", ("tier",), every(Tier)
)
_VERIFICATIONS: Final = Family(
    "authz_verifications",
    "Signatures that were to be checked: inline, or by the pool of verifier processes.",
    ("route", "result"),
    every(Route, Verification),
)
_SHED: Final = Family("authz_shed", "Checks that were refused since a queue was full.", (), ((),))
_RELOADS: Final = Family(
    "authz_trust_reloads", "Times that configuration or keys were loaded anew.", ("result",), every(Reload)
)
_INTROSPECTIONS: Final = Family(
    "authz_introspections",
    "Questions to issuers about opaque tokens (RFC 7662).",
    ("result",),
    every(Introspection),
)

_ASSERTIONS: Final = Family(
    "authz_assertions", "Assertions for the upstream that were to be signed.", ("result",), every(Signing)
)

FAMILIES: Final = (
    *(_LOOKUPS, _EVICTIONS, _VERIFICATIONS, _SHED, _RELOADS),
    *(_ASSERTIONS, revocation_series.ENTRIES, _INTROSPECTIONS),
    *(hook_series.CALLS, hook_series.RESULTS, hook_series.KEPT, hook_series.MOVED),
    *(pool_series.COMPLETED, pool_series.FAILED, pool_series.BUSY),
    *transport_series.FAMILIES,
    process_series.CPU,
    log_series.RECORDS,
    span_series.SPANS,
    *forward_auth_series.FAMILIES,
)
#: Beside the checks' own.
HISTOGRAMS: Final = (hook_series.DURATIONS, pool_series.WAIT, pool_series.BATCH, process_series.LAG)
#: Bounds in seconds, from a hit in the process's cache (10 µs) to a caller that waits for keys to be fetched.
DURATION: Final = HistogramSchema(
    "authz_check_duration_seconds",
    (*(1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3), *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)),
)
DURATION_TEXT: Final = "Seconds from a check's arrival to its answer."

#: The index of the checks' histogram.
CHECK_DURATION: Final = 0
_ALL: Final = tuple((family.name, series) for family in FAMILIES for series in family.series)
_SCHEMAS: Final = tuple(schema for one in HISTOGRAMS for schema in one.schemas)
SCHEMA: Final = Schema(
    tuple("/".join((name, *series)) for name, series in _ALL),
    (DURATION, *_SCHEMAS),
    LabelledSchema(CHECKS.labels, 2, CHECKS.series, MOST_CHECKS),
    exemplars=CHECK_DURATION,
)
_INDEX: Final = {key: index for index, key in enumerate(_ALL)}
_HISTOGRAM_INDEX: Final = {schema.name: 1 + index for index, schema in enumerate(_SCHEMAS)}


def index_of(family: Family, *series: str) -> int:
    """Return the index of a counter; raises ``KeyError`` for a series that there is not."""
    return _INDEX[family.name, series]


def histogram_of(histograms: Histograms, *series: str) -> int:
    """Return the index of a histogram; raises ``KeyError`` for a series that there is not."""
    return _HISTOGRAM_INDEX["/".join((histograms.name, *series))]


LOOKUP: Final = {(tier, result): index_of(_LOOKUPS, tier.value, result.value) for tier in Tier for result in Lookup}
EVICTION: Final = {tier: index_of(_EVICTIONS, tier.value) for tier in Tier}
VERIFICATION: Final = {
    (route, result): index_of(_VERIFICATIONS, route.value, result.value) for route in Route for result in Verification
}
SHED: Final = index_of(_SHED)
ASSERTION: Final = {result: index_of(_ASSERTIONS, result.value) for result in Signing}
RELOAD: Final = {result: index_of(_RELOADS, result.value) for result in Reload}
INTROSPECTION: Final = {result: index_of(_INTROSPECTIONS, result.value) for result in Introspection}
REVOCATION: Final = {
    (source, result): index_of(revocation_series.ENTRIES, source.value, result.value)
    for source in Source
    for result in Revocation
}
