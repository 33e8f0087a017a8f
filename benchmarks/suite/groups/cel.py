"""A condition in CEL by itself, by each way of handing values to it. Most of what it takes is handing them over."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial

from sidecar.cel import Term, compile_terms
from sidecar.cel.environment import _environment
from suite.measurement import Baseline, Measurement, Take, Unit
from suite.size import Size
from suite.timing import cpu

TITLE = "a condition in CEL, by itself"
COSTLY = False
_CALLS = 300
_CLAIMS: dict[str, object] = {f"claim-{number}": "value" * 4 for number in range(60)}
_VALUES: dict[str, object] = {
    "request.method": "GET",
    "request.path": "/orders/7",
    "request.headers": {"x-team": "a"},
    "identity.claims": {**_CLAIMS, "team": "a", "groups": ["x", "y"]},
    "source.address": "10.1.2.3",
    "now": 1_800_000_000.0,
}
_FOUR = (
    "request.method == 'GET' && request.path.startsWith('/orders/') && identity.claims.team == 'a' "
    "&& 'x' in identity.claims.groups"
)
_MATCHES = "request.path.matches('^/orders/[0-9]+$')"
_TERMS = (
    "request.method == 'GET'",
    "identity.claims.groups.exists(g, g == 'y')",
    "inCidr(source.address, '10.0.0.0/8')",
    "now > timestamp('2026-01-01T00:00:00Z')",
    _MATCHES,
)


def measurements(size: Size, _: ExitStack) -> list[Measurement]:
    """Measure four terms in one, and terms alone."""

    def take(call: Callable[[], object]) -> Take:
        assert call() is True, "a wrong answer"  # noqa: S101 - the answer is part of the measurement

        def calls() -> None:
            for _ in range(_CALLS):
                call()

        return cpu(calls, _CALLS, size.seconds)

    environment, expression = _environment(), _environment().compile(_FOUR)
    whole = {name: _VALUES[name] for name in ("request.method", "request.path", "identity.claims")}
    needed = {**whole, "identity.claims": {"team": "a", "groups": ["x", "y"]}}
    prebuilt, terms = environment.Activation(needed), compile_terms(_FOUR)
    everything = Baseline("given all 62 claims", take(lambda: expression.eval(data=whole).value()))
    four = {
        "picked": ("four terms, as the sidecar does it: what is needed is picked out", lambda: _by_all(terms)),
        "needed": ("given what is needed", lambda: expression.eval(data=needed).value()),
        "prebuilt": ("in an activation that was made before", lambda: expression.eval(prebuilt).value()),
    }
    lines = [
        Measurement(f"cel-{name}", what, Unit.MICROSECONDS, take(call), everything)
        for name, (what, call) in four.items()
    ]
    compiled = environment.compile(_MATCHES)
    path = {"request.path": "/orders/7"}
    library = Baseline("the library's, which compiles the pattern", take(lambda: compiled.eval(data=path).value()))
    for number, text in enumerate(_TERMS):
        baseline, alone = library if text == _MATCHES else None, take(partial(compile_terms(text)[0], _VALUES))
        lines.append(Measurement(f"cel-term-{number}", f"`{text}`", Unit.MICROSECONDS, alone, baseline))
    return lines


def _by_all(terms: tuple[Term, ...], values: Mapping[str, object] = _VALUES) -> bool:
    return all(term(values) for term in terms)
