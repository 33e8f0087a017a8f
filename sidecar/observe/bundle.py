"""What is told of the policy bundle: which version is there, how old it is, and how fetching it goes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sidecar.observe.measured import Measured


@dataclass(frozen=True, slots=True)
class BundleFacts:
    """At one moment. ``version``, ``age`` (in seconds since its server confirmed it) and times: ``None`` without one.

    ``issued_at`` and ``expires_at`` are in seconds since the epoch. ``results``: how fetches ended, since control was
    started. ``failures`` are those in a row.
    """

    name: str
    in_force: bool
    version: int | None
    age: float | None
    issued_at: float | None
    expires_at: float | None
    failures: int
    results: Mapping[str, int]


def bundle_measured(facts: BundleFacts) -> Iterator[Measured]:
    """Yield the families."""
    name = (facts.name,)
    for metric, text, value in (
        ("in_force", "Whether what the policy bundle allows is allowed.", int(facts.in_force)),
        ("version", "Version of the policy bundle.", facts.version),
        ("age_seconds", "Seconds since its server last confirmed the policy bundle.", facts.age),
        ("issued_timestamp_seconds", "When the policy bundle was issued, in Unix time.", facts.issued_at),
        ("expiry_timestamp_seconds", "When the policy bundle expires, in Unix time.", facts.expires_at),
        ("fetch_failures_in_a_row", "Times in a row that fetching the policy bundle failed.", facts.failures),
    ):
        samples = [(name, float(value))] if value is not None else []
        yield Measured(f"authz_policy_bundle_{metric}", text, ("bundle",), samples)
    yield Measured(
        "authz_policy_bundle_fetches",
        "Times that the policy bundle was fetched: replaced, the same, or what went wrong.",
        ("bundle", "result"),
        [((facts.name, result), count) for result, count in facts.results.items()],
        counts=True,
    )
