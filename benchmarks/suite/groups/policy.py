"""Policies: what a check of a remembered token takes by what its rules ask."""

from contextlib import ExitStack

from sidecar.core.strict_json import Json
from sidecar.core.trust import Trust
from suite.given.checking import remembered
from suite.given.trust import DOCUMENT, a_key, make_trust, request, tokens, with_condition, with_rules
from suite.measurement import Baseline, Measurement, Unit
from suite.size import Size
from suite.timing import cpu

TITLE = "policies, in a check of a remembered token"
COSTLY = False
TOKENS = 500
#: Of these three terms look at the request, and are asked in each check.
_CEL = (
    "!('x-blocked' in request.headers) && now > timestamp('2024-01-01T00:00:00Z') && source.address != '192.0.2.1' "
    "&& 'staff' in identity.claims.groups"
)
_CONDITIONS: dict[str, dict[str, Json]] = {
    "source.ip": {"key": "source.ip", "values": ["127.0.0.1"]},
    "four terms in CEL, three about the request": {"cel": _CEL},
    "four terms in CEL, about the identity": {
        "cel": " && ".join(f"'{group}' in identity.claims.groups" for group in ("staff", "ops", "staff", "ops"))
    },
}


def measurements(size: Size, _: ExitStack) -> list[Measurement]:
    """Measure conditions, and rules, against one rule with a condition on a claim."""
    key, public = a_key()
    trust = make_trust(public)
    few = [request(token) for token in tokens(key, size.number(TOKENS, 2))]

    def line(name: str, what: str, changed: Trust) -> Measurement:
        take = cpu(remembered(changed, few, key), len(few), size.seconds)
        return Measurement(name, what, Unit.MICROSECONDS, take, one)

    one = Baseline("a condition on a claim", cpu(remembered(trust, few, key), len(few), size.seconds))
    by_condition = [
        line(f"condition-{number}", what, with_condition(trust, condition))
        for number, (what, condition) in enumerate(_CONDITIONS.items())
    ]
    rule = DOCUMENT["policies"][0]["rules"][0]
    by_rules = [
        line(f"rules-{number}", f"{number} rules, the last matches", with_rules(trust, [*_others(number - 1), rule]))
        for number in (10, 100, 1000)
    ]
    return [*by_condition, *by_rules]


def _others(number: int) -> list[dict[str, Json]]:
    return [{"to": [{"operation": {"methods": ["GET"], "paths": [f"/service-{each}/*"]}}]} for each in range(number)]
