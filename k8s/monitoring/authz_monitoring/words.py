"""Words that several queries share: which series, over which time, and which reasons are whose fault."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from sidecar.core.reason import OUTCOMES, Reason

#: The name of the scrape job. Alerts on ``up`` go by it; nothing else does.
JOB: Final = "authz-sidecar"
#: What tells sidecars apart: of one application all pods together. The scrape configuration sets all three labels.
APP: Final = "namespace, app"
POD: Final = f"{APP}, pod"

_SELECTED: Final = 'namespace=~"$namespace", app=~"$app", pod=~"$pod"'
#: As much as Grafana thinks that a point of the graph needs.
RATE: Final = "$__rate_interval"


def selected(query: str) -> str:
    """Return a dashboard's query: ``@`` becomes the matchers of what is chosen, ``RATE`` the time of one point."""
    return query.replace("@", _SELECTED).replace("RATE", RATE)


def one_of(reasons: Iterable[Reason]) -> str:
    """Return a regular expression for these reasons, in the order of their names."""
    return "|".join(sorted(reason.value for reason in reasons))


def with_status(*statuses: int) -> str:
    """Return one for the reasons that answer with any of these statuses."""
    return one_of(reason for reason, outcome in OUTCOMES.items() if outcome.status in statuses)


#: Nothing could be said about the request, be it for the sidecar itself, or for what it asks: an issuer, Redis, a hook.
FAILED: Final = with_status(HTTPStatus.SERVICE_UNAVAILABLE)
