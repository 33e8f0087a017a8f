"""What terms say of themselves, and what they answer."""

import copy
import pickle
import time
from datetime import UTC, datetime

import pytest

from sidecar.cel import Term, compile_terms
from sidecar.core.digest import digest_of
from sidecar.core.policy.model import Looks


def only(text: str) -> Term:
    """Compile an expression of one term."""
    (term,) = compile_terms(text)
    return term


SPLIT = {
    "true": ["true"],
    "request.method == 'GET' && request.path == '/'": ["request.method == 'GET'", "request.path == '/'"],
    "((request.method == 'GET' && (true && false)))": ["request.method == 'GET'", "true", "false"],
    "(true || false) && !(true && false)": ["true || false", "!(true && false)"],
    "true && // a && b\n false": ["true", "false"],
    "request.path == ' && ' && request.query == \"' && '\"": ["request.path == ' && '", "request.query == \"' && '\""],
    "request.path == '''a' && (\n''' && true": ["request.path == '''a' && (\n'''", "true"],
    "request.path.matches(r'\\d&&') && true": ["request.path.matches(r'\\d&&')", "true"],
    "request.path == '\\'' && true": ["request.path == '\\''", "true"],
    "request.path == '&&é😀&&' && request.path == '😀' && (true)": [
        "request.path == '&&é😀&&'", "request.path == '😀'", "true",
    ],
    "identity.claims.`a//b` == 1 && true": ["identity.claims.`a//b` == 1", "true"],
    "true ? true && false : true && false": ["true ? true && false : true && false"],
    "['a'].all(a, a == 'b' && a == 'c') && ( ( true ) )": ["['a'].all(a, a == 'b' && a == 'c')", "true"],
    "true\n  &&\n\tfalse": ["true", "false"],
    "request\n .\tmethod  ==  'a  b'": ["request . method == 'a  b'"],
}  # fmt: skip


@pytest.mark.parametrize(("text", "terms"), SPLIT.items())
def test_split(text: str, terms: list[str]) -> None:
    """An expression is taken apart at its outermost "and", whatever stands in texts and comments."""
    assert [term.text for term in compile_terms(text)] == terms


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ("true", Looks.ENDPOINT),
        ("request.method == 'GET' || request.path == '/' || request.host == 'a'", Looks.ENDPOINT),
        ("destination.port == 443", Looks.ENDPOINT),
        ("destination.address == '10.0.0.1'", Looks.REQUEST),
        ("request.query == ''", Looks.REQUEST),
        ("request.headers.a == 'b'", Looks.REQUEST),
        ("now > request.time", Looks.REQUEST),
        ("context.a == 'b'", Looks.REQUEST),
        ("identity.subject == 'a' || identity.claims.a == 1", Looks.IDENTITY),
        ("identity.subject == 'a' || request.method == 'GET'", Looks.REQUEST),
        ("identity.claims.until > now", Looks.REQUEST),
        ("[identity.subject].exists(a, a == 'b')", Looks.IDENTITY),
        ("['a'].exists(a, ['b'].exists(b, a + b == request.method))", Looks.ENDPOINT),
        ("['a'].exists(claims, claims == 'identity.claims')", Looks.ENDPOINT),
        (".request.method == 'GET'", Looks.ENDPOINT),
        ("identity.subject.matches('a')", Looks.IDENTITY),
        ("inCidr(remote.address, '10.0.0.0/8')", Looks.REQUEST),
        ("'a' in {identity.subject: request.method}", Looks.REQUEST),
        ("(identity.subject == 'a' ? request.method : request.path) == 'b'", Looks.REQUEST),
    ],
)
def test_looks(text: str, looks: Looks) -> None:
    """What a term looks at follows from the variables in its tree, loops and their variables included."""
    assert only(text).looks is looks


def test_reads() -> None:
    """Headers and claims are told by name, in each form they may be read in."""
    term = only(
        "request.headers['a'] == 'b' || request.headers.c == 'd' || 'e' in request.headers || has(request.headers.f)"
        " || identity.claims.g.h == 1 || identity.claims['i.j'] == 1 || 'k' in identity.claims"
        " || has(identity.claims.l) || has(identity.claims.m.n) || identity.claims.`o-p` == 1"
    )
    assert term.headers == {"a", "c", "e", "f"}
    assert term.claims == frozenset({"g", "i.j", "k", "l", "m", "o-p"})
    assert term.variables == {"request.headers", "identity.claims"}


@pytest.mark.parametrize(
    "text",
    [
        "size(identity.claims) == 1",
        "identity.claims.exists(name, name == 'a')",
        "identity.claims[request.query] == 1 && true",
        "request.query in identity.claims",
        "identity.claims == {'a': 1}",
        "dyn(identity.claims).a == 1",
        "(true ? identity.claims : {}).a == 1",
        "identity.claims.a == 1 || [identity.claims] == []",
    ],
)
def test_any_claim(text: str) -> None:
    """Where the map of claims is used as a whole, no names are told."""
    assert compile_terms(text)[0].claims is None


NOW = datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp()
VALUES: dict[str, object] = {
    "request.method": "GET",
    "request.path": "/orders/7",
    "request.headers": {"x-team": "a", "x-broken": "\udc80", "x-long": "a" * 5000},
    "identity.subject": "alice",
    "identity.scopes": ("orders:read", "orders:write"),
    "identity.claims": {
        "team": "a", "level": 3, "ratio": 0.5, "nothing": None, "huge": 2**64, "huges": [{"a": [2**64]}], "yes": True,
        "least": -(2**63), "nested": {"in": [1, {"b": "c"}]}, "for": 1, "list": ["a", "b"],
    },
    "source.address": "10.1.2.3",
    "remote.address": "::ffff:10.1.2.3",
    "destination.address": "unix:/socket",
    "destination.port": 8443,
    "context": {"route": "a"},
    "now": NOW,
}  # fmt: skip

ANSWERS: dict[str, bool | None] = {
    "request.method == 'GET'": True,
    "request.query == ''": None,
    "request.query == '' || request.method == 'GET'": True,
    "request.query == '' || request.method == 'PUT'": None,
    "!(request.query == '')": None,
    "request.headers['x-team'] == 'a'": True,
    "request.headers['x-other'] == 'a'": None,
    "'x-other' in request.headers": False,
    "has(request.headers.`x-team`)": True,
    "request.headers['x-broken'] == 'a'": None,
    "request.headers['x-broken'] != 'a'": None,
    "'x-long' in request.headers": None,
    "request.headers['x-long'].startsWith('a')": None,
    "identity.scopes.exists(s, s.startsWith('orders:'))": True,
    "identity.scopes == ['orders:read', 'orders:write']": True,
    "identity.claims.level > 2": True,
    "identity.claims.level == 3.0": True,
    "identity.claims.level == '3'": False,
    "identity.claims.level == true": False,
    "identity.claims.level + 1 == 4": True,
    "identity.claims.team > 1": None,
    "identity.claims.ratio < 1": True,
    "identity.claims.nothing == null": True,
    "identity.claims.huge > 1": None,
    "identity.claims.huges.exists(x, true)": None,
    "size(identity.claims) > 0": None,
    "identity.claims.least < 0": True,
    "identity.claims.nested['in'][1].b == 'c'": True,
    "identity.claims.nested['in'][2].b == 'c'": None,
    "identity.claims['for'] == 1": True,
    "identity.claims.for == 1": True,
    "identity.claims.yes == true": True,
    "identity.claims.yes == 1": False,
    "identity.claims.yes == 'true'": False,
    "identity.claims.nothing == false": False,
    "identity.claims.nothing == ''": False,
    "type(identity.claims.yes) == bool": True,
    "has(identity.claims.missing)": False,
    "has(identity.claims.missing.further)": None,
    "identity.claims.team.matches('^a$')": True,
    "identity.claims.level.matches('3')": None,
    "identity.claims.missing.matches('INVALID_ARGUMENT|no such key')": None,
    "(identity.claims.missing + 'a').matches('no such key|NOT_FOUND|a')": None,
    "request.headers['x-broken'].matches('.*')": None,
    "!identity.claims.missing.matches('a')": None,
    "identity.claims.missing.matches('a') || true": True,
    "identity.claims.nested['in'].matches('a')": None,
    "request.path.lowerAscii().matches('^/orders/[0-9]+$')": True,
    "request.path.matches('')": True,
    "['/orders', '/items'].exists(p, request.path.startsWith(p) && request.path.matches('[0-9]$'))": True,
    "['7', '8'].exists(p, p.matches('^7$'))": True,
    "inCidr(source.address, '10.0.0.0/8')": True,
    "inCidr(source.address, '2001:db8::/32')": False,
    "inCidr(remote.address, '10.0.0.0/8')": True,
    "inCidr(remote.address, '::/0')": False,
    "inCidr(remote.address, '::ffff:10.0.0.0/104')": True,
    "inCidr(source.address, '::ffff:10.0.0.0/104')": True,
    "!inCidr(source.address, '::ffff:0.0.0.0/96')": False,
    "inCidr(destination.address, '10.0.0.0/8')": None,
    "!inCidr(destination.address, '10.0.0.0/8')": None,
    "inCidr(identity.claims.level, '10.0.0.0/8')": None,
    "destination.port == 8443": True,
    "context.route == 'a'": True,
    "connection.sni == 'a'": None,
    "now.getHours() == 12": True,
    "now.getHours('+02:00') == 14": True,
    "now < timestamp('2027-01-01T00:00:00Z')": True,
    "now - duration('1h') < now": True,
    "request.time == now": None,
    "type(identity.claims.level) == int": True,
    "identity.claims.level / 0 == 1": None,
    "identity.claims.least - 1 < 0": None,
    "int(identity.claims.team) == 1": None,
    "request.path.split('/')[1] == 'orders'": True,
    "request.path.substring(99) == ''": None,
    "size(request.path) == 9": True,
    ".request.method == 'GET'": True,
    "request.`method` == 'GET'": True,
    "['a'].exists(int, int == 'a')": True,
    "['a'].exists(x, ['b'].exists(x, x.matches('b')))": True,
    "(['a'].exists(q, q == request.path) ? 'x' : 'y').matches('y')": True,
    "(request.path.matches('a') ? request.query : request.path).matches('7')": True,
    "(request.path.matches('7') ? request.query : request.path).matches('7')": None,
    "{'a': request.path}.a.matches('7')": True,
    "dyn(request.path).matches('7')": True,
    "identity.claims.team ? true : false": None,
    "!identity.claims.team": None,
    "identity.claims.nested['in']['b'].matches('a')": None,
    "{'a': 1, 'a': 2}.a == 1": None,
}


@pytest.mark.parametrize(("text", "answer"), ANSWERS.items())
def test_answers(text: str, answer: object) -> None:
    """Each term is true, false, or cannot be told."""
    assert only(text)(VALUES) is answer


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("request.method == 'a'", "request.method", 1),
        ("request.method == 'a'", "request.method", b"a"),
        ("request.path.startsWith('/')", "request.path", "/" * 8193),
        ("request.path.startsWith('/')", "request.path", "/" + "é" * 4096),
        ("request.path.matches('/')", "request.path", "/" * 8193),
        ("'a' in identity.scopes", "identity.scopes", "a"),
        ("'a' in identity.scopes", "identity.scopes", ["a"] * 257),
        ("'a' in identity.scopes", "identity.scopes", ["a", 1]),
        ("'a' in identity.scopes", "identity.scopes", ["a", "b" * 16384]),
        ("has(request.headers.a)", "request.headers", ["a"]),
        ("has(request.headers.a)", "request.headers", {"a": b"a"}),
        ("has(identity.claims.a)", "identity.claims", ["a"]),
        ("has(identity.claims.a)", "identity.claims", {"a": object()}),
        ("size(identity.claims) > 0", "identity.claims", 1),
        ("destination.port > 0", "destination.port", 2**63),
        ("destination.port > 0", "destination.port", "443"),
        ("now > timestamp('1970-01-01T00:00:00Z')", "now", float("nan")),
        ("now > timestamp('1970-01-01T00:00:00Z')", "now", 1e300),
        ("now > timestamp('1970-01-01T00:00:00Z')", "now", "1"),
        ("identity.claims.a.exists(x, x == 2)", "identity.claims", {"a": [1] * 10_000}),
    ],
)
def test_values_beyond(text: str, name: str, value: object) -> None:
    """A value that is too long, of another type or takes too many turns cannot be told, and raises nothing."""
    assert only(text)({name: value}) is None


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("request.path == '/admin'", "request.path", "/admin\0/x"),
        ("request.path != '/admin'", "request.path", "/admin\0/x"),
        ("request.path.matches('^/admin')", "request.path", "/admin\0/x"),
        ("request.path.lowerAscii().matches('^/admin')", "request.path", "/admin\0/x"),
        ("'admin' in identity.scopes", "identity.scopes", ["admin\0x"]),
        ("request.headers.role == 'admin'", "request.headers", {"role": "admin\0"}),
        ("context.role == 'admin'", "context", {"role": "admin\0"}),
        ("context.role == 'admin'", "context", {"role\0": "admin"}),
        ("identity.claims.role == 'admin'", "identity.claims", {"role": "admin\0x"}),
        ("'admin' in identity.claims.roles", "identity.claims", {"roles": ["user", "admin\0x"]}),
        ("identity.claims.a.role == 'admin'", "identity.claims", {"a": {"role\0x": "admin"}}),
        ("identity.claims.a[0].role == 'admin'", "identity.claims", {"a": [{"role": "admin\0x"}]}),
        ("identity.claims.exists(name, name == 'admin')", "identity.claims", {"admin\0x": 1}),
    ],
)
def test_no_text_ends_at_a_zero(text: str, name: str, value: object) -> None:
    """A text with a zero is not taken for what stands before it: the library alone would do so."""
    assert only(text)({name: value}) is None


def test_claims_that_are_not_read_do_no_harm() -> None:
    """What a term does not read may be anything."""
    claims = {"role": "admin", "other": "a\0", "role\0x": "user", "huge": 2**70}
    assert only("identity.claims.role == 'admin'")({"identity.claims": claims}) is True


def test_times_are_taken_in_both_forms() -> None:
    """A time is given in seconds, or as made of them once for all terms."""
    term = only("now == timestamp('2026-11-27T12:00:00Z')")
    assert term({"now": NOW}) is True
    assert term({"now": datetime.fromtimestamp(NOW, UTC)}) is True
    assert term({"now": time.time()}) is False


def test_equal_by_text() -> None:
    """Terms of one text are equal, have one hash and one digest; others do not."""
    one, same, other = only("true || false"), only("(true  || false) // c"), only("false || true")
    assert one == same
    assert hash(one) == hash(same)
    assert digest_of((one,), b"test") == digest_of((same,), b"test") != digest_of((other,), b"test")


def test_not_copied_into_other_processes() -> None:
    """A term belongs to the process that compiled it."""
    with pytest.raises(TypeError, match="compile them from their text"):
        pickle.dumps(only("true"))
    with pytest.raises(TypeError, match="compile them from their text"):
        copy.deepcopy(only("true"))


def test_values_are_left_alone() -> None:
    """Nothing is added to what was given."""
    values = dict(VALUES)
    only("request.path.matches('^/') || inCidr(source.address, '10.0.0.0/8')")(values)
    assert values == VALUES
