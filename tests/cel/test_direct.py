"""What is answered without the library is what the library answers: true, false, or an error."""

from collections.abc import Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sidecar.cel import compile_terms
from sidecar.cel.answering import by_library
from sidecar.cel.direct import direct
from sidecar.cel.environment import check
from sidecar.cel.given import BY_NAME, given_by
from sidecar.cel.price import PRICES
from sidecar.cel.reads import reads_of
from sidecar.cel.shapes import SHAPES
from sidecar.cel.variables import VARIABLES

LITERALS = ["''", "'a'", "'b'", "'ab'", "'/a/b'", "'é'", "'\\x00'", "'a\\x00b'", "'10.0.0.1'", "'😀'", "'A'"]
ANY = st.sampled_from([
    "identity.claims.a", "identity.claims['b']", "identity.claims.c.a", "identity.claims.c['b'].a",
    "identity.claims[request.method]", "identity.claims.c[request.headers.a]",
    "request.body.a", "request.body['c'].b",
])  # fmt: skip
TIME = st.sampled_from([
    "now", "request.time", "timestamp('2026-11-27T12:00:00Z')", "timestamp('2026-11-27T12:00:00.25+02:00')",
    "timestamp('1970-01-01T00:00:00Z')", "timestamp('9999-12-31T23:59:59.999999Z')",
    "timestamp('0001-01-01T00:00:00Z')",
])  # fmt: skip
SMALL = st.sampled_from(["0", "1", "-1", "3", "12", "9007199254740992", "-9007199254740992"])
ZONE = st.sampled_from(["", "'Europe/Berlin'", "'America/New_York'", "'Asia/Kathmandu'", "'UTC'", "'Pacific/Apia'"])
FIELD = st.sampled_from(sorted(name for name in SHAPES if name.startswith("get")))
ORDER = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
EQUALITY = st.sampled_from(["==", "!="])
TEXT_FUNCTION = st.sampled_from(["startsWith", "endsWith", "contains"])
PATTERN = st.sampled_from(["^a", "b$", "", "é", "[a-z]+/", "."])
NETWORK = st.sampled_from(["10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "::/0", "::ffff:10.0.0.0/104"])
TEXTS = st.lists(st.sampled_from(LITERALS), min_size=1, max_size=3).map(", ".join)
NUMBERS = st.lists(SMALL, min_size=1, max_size=3).map(", ".join)
VARIABLE = st.sampled_from([
    "request.method", "request.path", "request.headers.a", "request.headers['b']", "context.a", "identity.subject",
    "source.address",
])  # fmt: skip


def text(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return expressions of type text out of others."""
    return st.one_of(
        st.builds("({} + {})".format, inner, inner),
        st.builds("({} + {})".format, inner, ANY),
        st.builds("{}.lowerAscii()".format, inner),
        st.builds("{}.upperAscii()".format, ANY),
        st.builds("(request.method == 'GET' ? {} : {})".format, inner, inner),
    )


TEXT = st.recursive(VARIABLE | st.sampled_from(LITERALS), text, max_leaves=3)
WHOLE = st.one_of(
    SMALL, st.just("destination.port"), st.builds("size({})".format, TEXT | ANY | st.just("identity.scopes")),
    st.builds("{}.{}({})".format, TIME, FIELD, ZONE),
)  # fmt: skip
LEAF = st.one_of(
    st.builds("{} {} {}".format, TEXT, ORDER, TEXT | ANY),
    st.builds("{} {} {}".format, ANY, ORDER, TEXT | SMALL),
    st.builds("{} {} {}".format, SMALL, ORDER, ANY),
    st.builds("{} {} {}".format, WHOLE, ORDER, WHOLE),
    st.builds("{} {} {}".format, TIME, ORDER, TIME),
    st.builds("{} {} {}".format, ANY, EQUALITY, st.sampled_from(["true", "false"])),
    st.builds("{} in [{}]".format, TEXT | ANY, TEXTS),
    st.builds("{} in [{}]".format, WHOLE | ANY, NUMBERS),
    st.builds("{} in {}".format, TEXT, ANY | st.sampled_from(["identity.scopes", "identity.claims", "context"])),
    st.builds("{} in (request.method == 'GET' ? [{}] : [{}])".format, TEXT, TEXTS, TEXTS),
    st.builds("{} in request.headers".format, st.sampled_from(["'a'", "'b'"])),
    st.builds("{}.{}({})".format, TEXT, TEXT_FUNCTION, TEXT | ANY),
    st.builds("{}.{}({})".format, ANY, TEXT_FUNCTION, TEXT),
    st.builds("{}.matches('{}')".format, TEXT | ANY, PATTERN),
    st.builds("inCidr({}, '{}')".format, TEXT | ANY, NETWORK),
    st.sampled_from([
        "has(request.headers.a)", "has(context.a)", "has(identity.claims.a)", "has(identity.claims.a.b)",
        "has(identity.claims.c.a.b)", "has(request.body.a)", "'c' in request.body", "'a' in identity.claims.c",
    ]),
)  # fmt: skip
EXPRESSION = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
    ),
    max_leaves=4,
)

USUAL = ["", "a", "b", "ab", "/a/b", "é", "A", "😀", "\uffff", "10.0.0.1", "::ffff:10.1.1.1", "2001:db8::1", "a\n", "1"]
ODD = ["a\0b", "\0", "\udc80", "a" * 65, "é" * 33, "a" * 4096, "a" * 4097, "a" * 9000, "x%y"]
WORDS = st.sampled_from(USUAL * 6 + ODD) | st.sampled_from(USUAL)
NUMBER = st.sampled_from([
    0, 1, -1, 3, 12, 1.0, 3.0, 0.0, -0.0, 0.5, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 9007199254740992.0,
    9007199254740994.0, 1e300, float("inf"), float("nan"), 2**63, 2**70,
])  # fmt: skip
SCALAR = st.none() | st.booleans() | NUMBER | WORDS
MEMBERS = st.dictionaries(st.sampled_from(["a", "b", "é", "a\0"]), SCALAR | st.lists(SCALAR, max_size=2), max_size=3)
JSON = SCALAR | SCALAR | st.lists(SCALAR, max_size=4) | MEMBERS
NOW = st.sampled_from([1795780800.0, 1795780799.9999996, 0.0, 1e300, "x"]) | st.floats(0, 4e9) | st.integers(0, 2**33)
NESTED = st.fixed_dictionaries({"a": SCALAR | MEMBERS, "b": MEMBERS}, optional={"ab": WORDS})
CLAIMS = st.fixed_dictionaries({"a": JSON, "c": NESTED | JSON}, optional={"b": JSON, "GET": JSON})
VALUES = st.fixed_dictionaries(
    {
        "request.method": st.just("GET") | WORDS,
        "request.path": WORDS,
        "request.headers": st.dictionaries(st.sampled_from("ab"), WORDS, max_size=2),
        "identity.claims": CLAIMS,
        "request.body": CLAIMS,
        "now": NOW,
        "request.time": NOW,
    },
    optional={
        "context": st.dictionaries(st.sampled_from(["a", "b"]), WORDS, max_size=2),
        "identity.subject": WORDS,
        "identity.scopes": st.lists(WORDS, max_size=3).map(tuple),
        "source.address": WORDS,
        "destination.port": st.integers(0, 65535),
    },
)
UNLIKE = st.none() | st.booleans() | st.integers() | st.just("a") | st.just(b"a") | st.lists(st.just("a")) | MEMBERS


def is_direct(expression: str) -> bool:
    """Say whether the library is not asked."""
    checked = check(expression)
    return direct(checked, checked.expr, reads_of(expression, checked, checked.expr), BY_NAME) is not None


def library(expression: str, values: Mapping[str, object]) -> bool | None:
    """Evaluate an expression by the library alone, given the values that it reads."""
    checked = check(expression)
    given = given_by(reads_of(expression, checked, checked.expr), BY_NAME)
    try:
        return by_library(checked, checked.expr)(given(values))
    except Exception:  # noqa: BLE001 - whatever it was
        return None


@settings(max_examples=300)
@given(EXPRESSION.map(lambda text: f"!({text})"), VALUES)
@example("!(identity.claims.a == 1)", {"identity.claims": {"a": True}})
@example("!('a' in identity.claims.a)", {"identity.claims": {"a": "ab"}})
@example("!('a' in (request.method == 'GET' ? ['a'] : ['b']))", {"request.method": "GET"})
@example("!(timestamp('0001-01-01T00:00:00Z').getHours('America/New_York') == 19)", {})
@example("!(identity.claims.a < 9007199254740992)", {"identity.claims": {"a": 9007199254740993}})
def test_as_the_library_does(expression: str, values: dict[str, object]) -> None:
    """An expression answered here is what the library makes of it, whatever it is asked about."""
    if not is_direct(expression):
        return
    (term,) = compile_terms(expression)
    assert term(values) is library(expression, values)


@given(EXPRESSION, st.dictionaries(st.sampled_from(sorted(VARIABLES)), UNLIKE))
def test_whatever_it_is_given(expression: str, values: dict[str, object]) -> None:
    """Values of other types than a variable has are refused for both alike."""
    if is_direct(expression):
        for term in compile_terms(expression):
            assert term(values) is library(term.text, values)


DIRECT = [
    "request.headers['x-a'] == 'b'", "request.headers.a != 'b'", "!('x-a' in request.headers)",
    "request.path.startsWith('/a')", "request.query.contains('a')", "request.host.endsWith('.a')",
    "request.method in ['GET', 'HEAD']", "request.time < timestamp('2027-01-01T00:00:00Z')", "now.getHours() >= 8",
    "now.getDayOfWeek('Europe/Berlin') in [1, 2, 3, 4, 5]", "destination.port == 443", "destination.port in [80, 443]",
    "inCidr(source.address, '10.0.0.0/8')", "request.path.matches('^/a')", "has(identity.claims.a.b)",
    "identity.claims.level >= 3", "identity.claims.admin == true", "'a' in identity.claims.groups",
    "identity.claims.tenant == request.headers['x-tenant']", "size(request.query) < 100",
    "request.path.startsWith('/tenants/' + identity.claims.tenant + '/')", "context.route == 'a'",
    "request.headers.a == 'b' || !(request.query == '') ? 'a' in identity.scopes : identity.issuer == 'a'",
    "identity.claims.email.lowerAscii().endsWith('@example.com')", "true",
]  # fmt: skip
NOT_DIRECT = [
    "identity.claims.a == identity.claims.b", "identity.claims.a == 9007199254740993", "identity.claims.a == 1.0",
    "identity.claims.a == destination.port", "identity.claims.a in [1, true]", "identity.claims.a == null",
    "now > timestamp('2026-01-01T00:00:00.0000001Z')", "now.getHours('+02:00') == 1", "identity.claims.a + 1 == 2",
    "identity.scopes.exists(s, s == 'a')", "size(['a']) == 1", "identity.scopes[0] == 'a'", "1.5 > 0.5",
    "identity.claims.a.?b.orValue('c') == 'c'",
    "['a'] == identity.scopes", "b'a' == b'a'", "identity.claims.a in ['a', 1]",
    "identity.claims in [{'a': 1}]", "identity.claims.a in [9007199254740993]", "now - now == duration('0s')",
    "(identity.claims.a == true ? ['a'] : ['b']) == ['a']", "'a' in (identity.claims.a == true ? ['a'] : ['b'])",
    "size(identity.claims.a == true ? ['a'] : ['b', 'c']) == 1", "timestamp('2026-01-01T00:00:00Z').getHours() == 0",
]  # fmt: skip


def test_every_shape_is_a_function() -> None:
    """Names are those that the library has."""
    assert SHAPES.keys() <= PRICES.keys()


@pytest.mark.parametrize("expression", DIRECT)
def test_direct(expression: str) -> None:
    """What is written mostly is answered without the library."""
    assert is_direct(expression)


@pytest.mark.parametrize("expression", NOT_DIRECT)
def test_left_to_the_library(expression: str) -> None:
    """Where Python has other rules than CEL, or nothing of the kind, the library is asked."""
    assert not is_direct(expression)
