"""The probe listener's pages: /livez and /readyz in Kubernetes' own form, /metrics, and /.well-known/jwks.json.

    GET /readyz             200  ok
    GET /readyz?verbose     200  [+]keys ok
                                 [+]keys of https://idp.example ok: 2 failure(s) in a row: no answer within 10 s
                                 [+]server-0 ok
                                 [+]revocation-feed ok: 42 s behind
                                 readyz check passed
    GET /readyz             503  [+]keys ok
                                 [-]server-0 failed: no heartbeat for 7 s
                                 readyz check failed

Whoever reaches the pod may ask, without authentication, as Kubernetes and Prometheus do. (Kubernetes answers 500 where
we answer 503; its kubelet takes both for a failure.)
"""

from collections.abc import Callable, Sequence
from urllib.parse import parse_qsl

from sidecar.http.accept import asks_for_openmetrics
from sidecar.http.facts import Health, KeySet, Metrics
from sidecar.http.message import PLAIN, Answer, Call, Page, Rejection, text
from sidecar.observe.condition import Condition

#: Prometheus' text format, and OpenMetrics' (section 3.3 of its specification) for who asks for it, as Prometheus does.
_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
_OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
#: RFC 7517, section 8.5.2.
_JWK_SET = "application/jwk-set+json"
#: Characters of a condition's name or reason that are shown.
_SHOWN = 200


def probe_page(health: Health, metrics: Metrics, key_set: KeySet | None = None) -> Page:
    """Return the page that answers for all of the probe listener. Without ``key_set`` there is no page for it."""
    pages: dict[str, Callable[[Call], Answer]] = {
        "/livez": lambda call: _conditions("livez", health.liveness(), call),
        "/readyz": lambda call: _conditions("readyz", health.readiness(), call),
        "/metrics": lambda call: _metrics(metrics, call),
    }

    if key_set is not None:
        pages["/.well-known/jwks.json"] = lambda _: _keys(key_set)

    async def answer(call: Call) -> Answer:
        if call.method not in ("GET", "HEAD"):
            raise Rejection(405, "only GET and HEAD", (("allow", "GET, HEAD"),))
        page = pages.get(call.path)
        if page is None:
            raise Rejection(404, "not found")
        return page(call)

    return answer


def _metrics(metrics: Metrics, call: Call) -> Answer:
    if asks_for_openmetrics(call.values("accept")):
        return Answer(200, metrics.openmetrics(), _OPENMETRICS)
    return Answer(200, metrics.exposition(), _EXPOSITION)


def _keys(key_set: KeySet) -> Answer:
    if key_set.document is None:
        return text(503, "not known yet", (("cache-control", "no-store"), ("retry-after", "1")))
    return Answer(200, key_set.document, _JWK_SET, (("cache-control", f"public, max-age={key_set.max_age}"),))


def _conditions(name: str, conditions: Sequence[Condition], call: Call) -> Answer:
    passed = all(condition.ok for condition in conditions)
    if passed and "verbose" not in dict(parse_qsl(call.query, keep_blank_values=True)):
        return text(200, "ok")
    lines = [*map(_line, conditions), f"{name} check {'passed' if passed else 'failed'}"]
    return Answer(200 if passed else 503, "".join(f"{line}\n" for line in lines).encode(), PLAIN)


def _line(condition: Condition) -> str:
    if condition.ok:
        return f"[+]{_shown(condition.name)} ok" + (f": {_shown(condition.reason)}" if condition.reason else "")
    return f"[-]{_shown(condition.name)} failed: {_shown(condition.reason)}"


def _shown(text: str) -> str:
    """Return ``text`` as a part of one line, whatever is in it."""
    return "".join(character if " " <= character <= "~" else "?" for character in text[:_SHOWN])
