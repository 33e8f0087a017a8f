"""What is told of issuers' keys: how many, which, since when, how old, and how fetching them goes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sidecar.observe.measured import Measured

#: Characters of a key id in a label: it is what somebody else calls it.
_SHOWN = 128


@dataclass(frozen=True, slots=True)
class Fetching:
    """Of an issuer whose keys are fetched. ``results``: how fetches ended, by result, since control was started.

    ``age`` is in seconds since the issuer last confirmed them, ``None`` where it never did. ``failures`` are those in a
    row. ``certificate_expires_at``, in seconds since the epoch, is that of the server that has the key set.
    """

    age: float | None
    failures: int
    results: Mapping[str, int]
    certificate_expires_at: float | None


@dataclass(frozen=True, slots=True)
class KeyTimes:
    """Of one key: since when it is there, and when a good token came last that was signed with it.

    And until when its certificate is good, should it have come with one. In seconds since the epoch; ``None``: not
    known, or not yet.
    """

    since: float | None = None
    used: float | None = None
    certified_until: float | None = None


@dataclass(frozen=True, slots=True)
class KeySetFacts:
    """Of one issuer. ``keys`` are by their ids."""

    issuer: str
    keys: Mapping[str, KeyTimes]
    changes: Mapping[str, int] = field(default_factory=dict)  #: keys added, removed and replaced, since control started
    fetching: Fetching | None = None


#: What there is to a key: its family, what that says, and where it stands; nothing is told of what is not known.
_TIMES: Final[Sequence[tuple[str, str, Callable[[KeyTimes], float | None]]]] = (
    (
        "authz_key_since_timestamp_seconds",
        "When a key came, in Unix time; of those that came while control ran.",
        lambda times: times.since,
    ),
    (
        "authz_key_last_used_timestamp_seconds",
        "When a good token came last that was signed with a key, in Unix time; since control runs, seconds late.",
        lambda times: times.used,
    ),
    (
        "authz_key_certificate_expiry_timestamp_seconds",
        "Until when the certificate that a key came with is good (x5c, RFC 7517, section 4.7), in Unix time.",
        lambda times: times.certified_until,
    ),
)
#: The same of fetching.
_FETCHING: Final[Sequence[tuple[str, str, Callable[[Fetching], float | None]]]] = (
    (
        "authz_key_set_age_seconds",
        "Seconds since the issuer last confirmed its keys.",
        lambda one: one.age,
    ),
    (
        "authz_key_fetch_failures_in_a_row",
        "Times in a row that fetching keys failed, up to now.",
        lambda one: one.failures,
    ),
    (
        "authz_key_server_certificate_expiry_timestamp_seconds",
        "Until when the certificate of the server with the keys is good, in Unix time.",
        lambda one: one.certificate_expires_at,
    ),
)


def measured(facts: Sequence[KeySetFacts]) -> Iterator[Measured]:
    """Yield the families."""
    yield Measured("authz_keys", "Keys that tokens are checked with.", ("issuer",), _each(facts))
    yield from _keys(facts)
    yield Measured(
        "authz_key_changes",
        "Keys that were added, removed, or replaced under the same id.",
        ("issuer", "change"),
        [((one.issuer, change), count) for one in facts for change, count in one.changes.items()],
        counts=True,
    )
    yield from _fetches([(one.issuer, one.fetching) for one in facts if one.fetching is not None])


def _keys(facts: Sequence[KeySetFacts]) -> Iterator[Measured]:
    keys = [((one.issuer, key_id[:_SHOWN]), times) for one in facts for key_id, times in one.keys.items()]
    yield Measured("authz_key_info", "Keys, by their id.", ("issuer", "kid"), [(labels, 1) for labels, _ in keys])
    for name, text, of in _TIMES:
        times = [(labels, of(times)) for labels, times in keys]
        yield Measured(name, text, ("issuer", "kid"), [(labels, at) for labels, at in times if at is not None])


def _fetches(fetched: Sequence[tuple[str, Fetching]]) -> Iterator[Measured]:
    yield Measured(
        "authz_key_fetches",
        "Times that keys were fetched: replaced, the same, or what went wrong.",
        ("issuer", "result"),
        [((issuer, result), count) for issuer, one in fetched for result, count in one.results.items()],
        counts=True,
    )
    for name, text, of in _FETCHING:
        figures = [((issuer,), of(one)) for issuer, one in fetched]
        yield Measured(name, text, ("issuer",), [(labels, figure) for labels, figure in figures if figure is not None])


def _each(facts: Sequence[KeySetFacts]) -> list[tuple[tuple[str, ...], float]]:
    return [((one.issuer,), len(one.keys)) for one in facts]
