"""Expressions are asked, and compiled, by several threads at once: an explanation is made while checks go on."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Barrier, Thread

import pytest

from sidecar.cel import compile_terms, compile_value, join
from sidecar.cel.given import BY_NAME

#: Asked of the library, each with loops, texts of some length, maps, or calls that are answered outside of it.
TERMS = [
    "identity.claims.roles.exists(r, r.name == 'admin' && r.tenant == request.headers['x-tenant'])",
    "identity.claims.a == identity.claims.b",
    "request.path.split('/')[2] == identity.subject",
    "identity.claims.roles.all(r, size(r.name) < 100)",
    "size(identity.scopes) + 1 == 3 || inCidr(source.address, '10.0.0.0/8')",
    "identity.claims.?missing.orValue('none') == 'none'",
    "now - timestamp('2026-01-01T00:00:00Z') > duration('1h')",
]
_ROUNDS, _THREADS = 40, 3


def values(number: int) -> dict[str, object]:
    """Return values of which some make terms true, some false, and some neither."""
    roles = [{"name": name, "tenant": f"t{number}"} for name in ("reader", "admin", "x" * 200)][: number + 1]
    return {
        "request.headers": {"x-tenant": f"t{number % 2}"},
        "request.path": f"/users/u{number % 3}/orders",
        "identity.subject": f"u{number}",
        "identity.scopes": ["a", "b"][: number + 1],
        "identity.claims": {"roles": roles if number < 3 else "none", "a": number, "b": 1.0, "c": {"d": [None] * 50}},
        "source.address": "10.0.0.1" if number else "what?",
        "now": 1795780800.0 + number,
    }


VALUES = [values(number) for number in range(4)]


@contextmanager
def often() -> Iterator[None]:
    """Have threads change places as often as that can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _ask() -> Callable[[], list[object]]:
    """Return what asks all expressions, apart and together, about all values."""
    terms = [term for text in TERMS for term in compile_terms(text)]
    value = compile_value("{'who': identity.subject, 'roles': identity.claims.roles, 'n': identity.claims.a}")
    together = join(terms, BY_NAME)

    def ask() -> list[object]:
        apart = [term(given) for term in terms for given in VALUES]
        return [*apart, *map(value, VALUES), *map(together, VALUES)]

    return ask


@pytest.mark.parametrize("is_shared", [True, False])
def test_at_once(is_shared: bool) -> None:  # noqa: FBT001 - a table's column
    """Each thread gets what one alone gets, of the very same expressions as in one process, and of its own."""
    shared, found, begin = _ask(), list[str](), Barrier(_THREADS + 1)
    expected = shared()
    assert {True, False, None} <= {one for one in expected if one is None or isinstance(one, bool)}

    def asking() -> None:
        ask = shared if is_shared else _ask()
        begin.wait(60)
        found.extend("wrong" for _ in range(_ROUNDS) if ask() != expected)
        found.append("done")

    def compiling() -> None:
        begin.wait(60)
        for number in range(_ROUNDS // 5):
            (term,) = compile_terms(f"identity.claims.roles.exists(r, r.name == 'n{number}')")
            if term(VALUES[0]) is not False:
                found.append("wrong")
        found.append("done")

    threads = [Thread(target=work) for work in (*[asking] * _THREADS, compiling)]
    with often():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == ["done"] * len(threads)
