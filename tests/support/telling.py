"""Checks as the decision log is told of them."""

from collections.abc import Callable

from sidecar.core.needs import Decided
from sidecar.core.sent import SentRequest
from sidecar.core.strict_json import Json
from sidecar.core.trust import Trust
from sidecar.decision_log.entry import Entry
from sidecar.decision_log.record import Origin, record_of
from sidecar.decision_log.redaction import Redaction
from support.checks import begin, finish
from support.requests import check_request
from support.trusts import trust

ORIGIN = Origin("server-0", "1.2.3")
#: 2026-01-01T12:00:00.25Z
AT = 1_767_268_800.25


def entry(  # noqa: PLR0913 - one a field
    raw: bytes | None = None,
    decided: Decided | None = None,
    *,
    in_force: Trust | None = None,
    one_in: int = 1,
    logged: bool = True,
    recent: bool = False,
    seconds: float = 0.000_25,
) -> Entry:
    """Return a check that was decided for good; of a request without a token if nothing is said of it."""
    asked = check_request() if raw is None else raw
    end = decided or finish(begin(asked, in_force or trust()))
    return Entry(asked, end, seconds, AT, one_in, logged, recent)


def record(raw: bytes, in_force: Trust | None = None, decided: Decided | None = None) -> dict[str, Json]:
    """Return what is told of it."""
    known = in_force or trust()
    return record_of(entry(raw, decided, in_force=known), known, ORIGIN)


def hide(sent: SentRequest | None) -> Callable[[str, int], str]:
    """Take out of texts what is secret in a request."""
    return Redaction(sent, trust()).text
