"""Sections about what is decided by: keys, revocation, the policy bundle."""

from sidecar.report.model import Report
from sidecar.report.standing import KeySetStanding
from sidecar.status.view import Cell, Column, Figure, Section, State, Table
from sidecar.status.wording import count, share, span


def keys(report: Report) -> Section:
    """Return what is known of each issuer's keys."""
    columns = (
        Column("issuer"),
        *(Column(title, numeric=True) for title in ("keys", "confirmed", "of its time")),
        *(Column(title, numeric=True, narrow=False) for title in ("failures", "certificate ends in")),
    )
    table = Table("keys", "", columns, tuple(map(_key_set, report.key_sets)), "No issuer is configured.")
    return Section("keys", "Keys", tables=(table,))


def _key_set(one: KeySetStanding) -> tuple[Cell, ...]:
    expired = one.certificate_expires_in_seconds is not None and one.certificate_expires_in_seconds <= 0
    return (
        Cell(one.issuer),
        Cell(count(one.keys), State.PLAIN if one.keys else State.BAD),
        Cell("from a file" if one.age_seconds is None else f"{span(one.age_seconds)} ago"),
        Cell(share(one.stale_share)),
        Cell(count(one.failures_in_a_row), State.WARNING if one.failures_in_a_row else State.PLAIN),
        Cell(span(one.certificate_expires_in_seconds), State.BAD if expired else State.PLAIN),
    )


def revocation(report: Report) -> Section | None:
    """Return what is known of the denylist and its feed; ``None``: there is none."""
    found = report.revocation
    if found is None:
        return None
    complete = Cell("yes", State.GOOD) if found.complete else Cell("no: not all that is revoked is known", State.BAD)
    figures = [
        Figure("revoked", "revoked", Cell(count(found.entries))),
        Figure("revoked-full", "room used", Cell(share(found.full_share))),
        Figure("revoked-complete", "list complete", complete),
    ]
    if found.feed_connected is not None:
        feed = Cell("connected", State.GOOD) if found.feed_connected else Cell("not connected", State.WARNING)
        figures += [
            Figure("feed", "feed", feed),
            Figure("feed-lag", "feed behind", Cell(span(found.feed_lag_seconds))),
            Figure("feed-gaps", "feed gaps", Cell(count(found.feed_gaps))),
        ]
    return Section("revocation", "Revocation", tuple(figures))


def bundle(report: Report) -> Section | None:
    """Return what is known of the policy bundle; ``None``: there is none."""
    found = report.bundle
    if found is None:
        return None
    failures = State.WARNING if found.failures_in_a_row else State.PLAIN
    figures = (
        Figure("bundle-name", "bundle", Cell(found.name)),
        Figure("bundle-version", "bundle version", Cell(count(found.version))),
        Figure(
            "bundle-in-force", "bundle in force", Cell("yes", State.GOOD) if found.in_force else Cell("no", State.BAD)
        ),
        Figure("bundle-age", "bundle confirmed", Cell(f"{span(found.age_seconds)} ago")),
        Figure("bundle-expires", "bundle ends in", Cell(span(found.expires_in_seconds))),
        Figure("bundle-failures", "bundle failures", Cell(count(found.failures_in_a_row), failures)),
    )
    return Section("bundle", "Policy bundle", figures)
