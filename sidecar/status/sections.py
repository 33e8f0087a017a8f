"""A report, and the last denials, as a view."""

from collections.abc import Sequence

from sidecar.report.model import Report
from sidecar.status.advised import advised
from sidecar.status.denials import Denial, denials
from sidecar.status.traffic import checks, named, reasons, trends
from sidecar.status.trusted import bundle, keys, revocation
from sidecar.status.view import Cell, Figure, Section, State, View
from sidecar.status.wording import span
from sidecar.status.work import caches, hooks, pools, processes


def view_of(report: Report, last: Sequence[Denial] | None = None) -> View:
    """Return what is shown of it. ``last``: the last denials, the newest first; ``None``: they are not kept."""
    sections = (
        _about(report),
        advised(report),
        checks(report),
        reasons(report),
        named(report),
        trends(report),
        denials(last),
        caches(report),
        pools(report),
        processes(report),
        keys(report),
        revocation(report),
        bundle(report),
        hooks(report),
    )
    return View(report.made_at, tuple(filter(None, sections)), tuple(_banners(report)))


def _about(report: Report) -> Section:
    figures = (
        Figure("software", "version", Cell(report.software)),
        Figure("uptime", "up", Cell(span(report.uptime_seconds))),
        Figure("observed", "observed", Cell(span(report.observed_seconds))),
        Figure("trust", "configuration", Cell(report.trust_digest or "none")),
    )
    return Section("about", "Sidecar", figures)


def _banners(report: Report) -> list[Cell]:
    banners = []
    if report.setup.dry_run:
        banners.append(Cell("Dry run: nothing is enforced.", State.WARNING))
    if report.draining:
        banners.append(Cell("It is about to end: answers what comes, and takes nothing new.", State.WARNING))
    return banners
