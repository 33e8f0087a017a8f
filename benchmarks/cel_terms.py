"""What a condition in CEL costs, by each way of handing values to it: ``python benchmarks/cel_terms.py``.

Ratios to an empty call of Python's, measured in the same run, carry over to other machines; microseconds do not. Each
way is run in turn with the empty call, and the least of many runs counts.
"""

import timeit
from collections.abc import Callable, Mapping

from cel_expr_python import cel

from sidecar.cel import Term, compile_terms
from sidecar.cel.environment import _environment

Values = dict[str, object]

CLAIMS: dict[str, object] = {f"claim-{number}": "value" * 4 for number in range(60)}
VALUES: Values = {
    "request.method": "GET",
    "request.path": "/orders/7",
    "request.headers": {"x-team": "a"},
    "identity.claims": {**CLAIMS, "team": "a", "groups": ["x", "y"]},
    "source.address": "10.1.2.3",
    "now": 1_800_000_000.0,
}
FOUR = (
    "request.method == 'GET' && request.path.startsWith('/orders/') && identity.claims.team == 'a' "
    "&& 'x' in identity.claims.groups"
)
TERMS = (
    "request.method == 'GET'",
    "identity.claims.team == 'a'",
    "identity.claims.groups.exists(g, g == 'y')",
    "request.headers['x-team'] == 'a'",
    "request.path.matches('^/orders/[0-9]+$')",
    "inCidr(source.address, '10.0.0.0/8')",
    "now > timestamp('2026-01-01T00:00:00Z')",
)


def nothing() -> None:
    """Do nothing: what a call alone costs."""


def least(call: Callable[[], object], number: int = 300) -> float:
    """Return the least of microseconds a call."""
    return min(timeit.repeat(call, number=number, repeat=60)) / number * 1e6


def told(name: str, call: Callable[[], object], *, expected: object = True) -> None:
    """Measure one way and print it; it must give the answer that is right."""
    if call() is not expected:
        raise SystemExit(f"{name}: a wrong answer")
    empty, taken = least(nothing), least(call)
    print(f"{taken:8.2f} µs {taken / empty:8.0f} x  {name}")


def by_all(terms: tuple[Term, ...], values: Mapping[str, object]) -> bool:
    """Return whether all terms are true."""
    return all(term(values) for term in terms)


def ways() -> None:
    """Print the ways to evaluate four terms."""
    expression, environment = _environment().compile(FOUR), _environment()
    claims = CLAIMS | {"team": "a", "groups": ["x", "y"]}
    whole: Values = {"request.method": "GET", "request.path": "/orders/7", "identity.claims": claims}
    needed: Values = {**whole, "identity.claims": {"team": "a", "groups": ["x", "y"]}}
    prebuilt, terms = environment.Activation(needed), compile_terms(FOUR)
    told("four terms: all 62 claims, as a dictionary", lambda: expression.eval(data=whole).value())
    told("four terms: what is needed, as a dictionary", lambda: expression.eval(data=needed).value())
    told("the same with an arena", lambda: expression.eval(data=needed, arena=cel.Arena()).value())
    told("the same in an activation, made each time", lambda: expression.eval(environment.Activation(needed)).value())
    told("the same in an activation, made once", lambda: expression.eval(prebuilt).value())
    told("four terms by Term: what is needed is picked out", lambda: by_all(terms, VALUES))


if __name__ == "__main__":
    ways()
    for text in TERMS:
        (one,) = compile_terms(text)
        told(text, lambda one=one: one(VALUES))  # type: ignore[misc]
    kept, anew = compile_terms(TERMS[4])[0], _environment().compile(TERMS[4])
    told("matches() with a pattern that is kept", lambda: kept(VALUES))
    told("matches() of the library", lambda: anew.eval(data={"request.path": "/orders/7"}).value())
