"""The bound of the cost: what is let in, what is not, and that loops end."""

import pytest

from sidecar.cel import CelError, compile_terms
from sidecar.cel.cost import MOST, nanoseconds_of
from sidecar.cel.environment import check

USUAL = [
    "'admin' in identity.claims.groups",
    "identity.claims.groups.exists(g, g == 'a' || g.startsWith('team-'))",
    "identity.claims.groups.exists(g, g == 'team-' + identity.subject)",
    "identity.claims.groups.exists(g, g in ['a', 'b', 'c'])",
    "['a', 'b', 'c'].exists(g, g in identity.claims.groups)",
    "identity.scopes.exists(s, s in identity.audiences)",
    "identity.claims.groups.exists(g, g in identity.scopes)",
    "identity.scopes.exists(s, ['orders', 'items'].exists(p, s == p + ':read'))",
    "identity.claims.roles.exists(r, r.name == 'admin' && r.tenant == request.headers['x-tenant'])",
    "identity.claims.groups.exists(g, request.path.startsWith('/' + g + '/'))",
    "request.path.matches('^/users/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/orders$')",
    "identity.claims.email.lowerAscii().endsWith('@example.com')",
    "request.path.split('/')[2] == identity.claims.tenant",
    "identity.scopes.exists(s, s.matches('^orders:(read|write)$'))",
    "identity.claims.groups.exists_one(g, g.startsWith('primary-'))",
]

COSTLY = [
    "identity.claims.a.exists(x, identity.claims.b.exists(y, x == y))",
    "identity.claims.a.exists(x, x in identity.claims.b)",
    "request.headers.a.split(',').exists(x, x in identity.claims.b)",
    "identity.claims.a.exists(x, identity.claims.text.indexOf(x) > 3)",
    "identity.claims.a.exists(x, request.path.contains(x))",
    "identity.claims.a.all(x, !(request.path.contains('abc')))",
    "size(identity.claims.text.replace('', '" + "a" * 3000 + "')) > 1",
    " && ".join(["identity.claims.a == 1"] * 30),
    "identity.claims.a.exists(x, size(request.path + request.query + identity.claims.b) > size(x))",
    "identity.claims.a.exists(x, x.matches('^a'))",
    "identity.claims.text.matches('([a-z]{1,30}x){1,3}')",
    "size(request.path.replace('', '" + "a" * 100 + "').replace('a', '" + "b" * 100 + "')) > 1",
    " || ".join(["request.path.split('') == request.query.split('')"] * 60),
    "identity.claims.a.exists(x, request.query.replace('a', 'b') == x)",
]


@pytest.mark.parametrize("text", USUAL)
def test_what_people_write_is_let_in(text: str) -> None:
    """The bound leaves room for conditions that are of use."""
    assert compile_terms(text)


@pytest.mark.parametrize("text", COSTLY)
def test_costly(text: str) -> None:
    """What may take long with values that whoever asks has chosen is refused, with the time."""
    with pytest.raises(CelError, match=r"may take [0-9]+ ms with the longest values there can be, 60 at most"):
        compile_terms(text)


def test_a_part_costs_no_more_than_the_whole() -> None:
    """Each further part makes an expression dearer: the bound grows with the tree."""
    texts = [" && ".join(USUAL[:number]) for number in range(1, len(USUAL))]
    costs = [nanoseconds_of(check(text)) for text in texts]
    assert costs == sorted(costs)
    assert costs[0] < MOST < costs[-1]


def test_loops_end() -> None:
    """A loop of more turns than the library makes cannot be told, and neither can what stands beside it."""
    (term,) = compile_terms("identity.scopes.all(x, identity.scopes.all(y, x == y)) || true")
    assert term({"identity.scopes": ["a"] * 99}) is True
    assert term({"identity.scopes": ["a"] * 101}) is None
