"""What is not taken, with the texts: what is wrong, where, what to write."""

import pytest

from sidecar.cel import CelError, compile_terms

REFUSED = {
    "identity.claim.team == 'a'": "1:15: there is no 'identity.claim.team'; did you mean 'identity.claims.team'?",
    "requst.method == 'GET'": "1:7: there is no 'requst.method'; did you mean 'request.method'?",
    "request.header['x-a'] == 'b'": "1:8: there is no 'request.header'; did you mean 'request.headers'?",
    "method == 'GET'": "1:1: there is no 'method'; did you mean 'request.method'?",
    "request.path.startWith('/a')": "1:23: there is no 'startWith'; did you mean 'startsWith'?",
    "request.method == 3": (
        "1:16: found no matching overload for '_==_' applied to '(string, int)'; the types do not fit each other"
    ),
    "request.method.name == 'a'": (
        "1:15: expression of type 'string' cannot be the operand of a select operation; "
        "only maps have members, such as identity.claims.team"
    ),
    "": "1:1: Syntax error: the expression ends where more is expected",
    "true &&": "1:8: Syntax error: the expression ends where more is expected",
    "true &&\n  request.method == 'GET' &&\n  1": "2:27: found no matching overload",
    "request.method": "1:8: this is not true or false: request.method; write what it is compared with",
    "true && identity.claims.admin": (
        "1:24: this is not true or false: identity.claims.admin; it may be anything; write == true behind it"
    ),
    "request.headers['X-Team'] == 'a'": "1:8: names of headers are in lower case here; write 'x-team'",
    "'X-Team' in request.headers": "1:20: names of headers are in lower case here; write 'x-team'",
    "request.headers.host == 'a'": "1:8: HTTP/2 has no header 'host'; write request.host",
    "request.headers.x_team == 'a'": (
        "1:8: no header of the name 'x_team' gets here; a name has letters, digits and '-'"
    ),
    "request.headers['\u212aey'] == 'a'": "1:8: no header of the name '\u212aey' gets here",
    **dict.fromkeys(
        (
            "request.headers.exists(k, k == 'a')",
            "request.headers.all(k, k == 'a')",
            "size(request.headers) == 1",
            "request.headers[request.query] == 'a'",
            "request.query in request.headers",
            "request.headers == {}",
            "[request.headers] == []",
            "dyn(request.headers).a == 'b'",
        ),
        "headers are read one by one, by name: write request.headers['x-team'], 'x-team' in request.headers or "
        "has(request.headers.name)",
    ),
    "[1].exists(request, request == 1)": (
        "1:11: 'request' is the name of a variable that is there already; call the element otherwise"
    ),
    "[1].exists(a, [2].all(now, now == a))": "1:22: 'now' is the name of a variable",
    "identity.scopes.filter(s, s == 'a') == []": (
        "1:23: a list is built here, which takes time with the square of its length; "
        "write list.exists(x, A && B) for list.filter(x, A).exists(x, B), and the like for map"
    ),
    "identity.scopes.map(s, s) == []": "1:20: a list is built here",
    "request.path.matches('a+(')": "1:21: matches: 'a+(': missing ): a+(",
    "request.path.matches('(?=a)')": "1:21: matches: '(?=a)': invalid perl operator: (?=",
    "request.path.matches('a{1000}{2}')": "1:21: matches: 'a{1000}{2}'",
    "request.path.matches('(ab){600}')": (
        "1:21: matches: '(ab){600}': it comes to 2404 instructions, at most 1000; write shorter repetitions"
    ),
    "request.path.matches(request.query)": (
        "1:21: a regular expression (RE2's) has to be written out: who sends the request must not choose it"
    ),
    "matches(request.path, identity.claims.pattern)": "1:8: a regular expression (RE2's) has to be written out",
    "request.path.matches('a' + request.query)": "1:21: a regular expression (RE2's) has to be written out",
    "inCidr(source.address, '10.0.0.1/8')": (
        "1:7: inCidr: '10.0.0.1/8': bits are set behind the prefix; write '10.0.0.0/8'"
    ),
    "inCidr(source.address, 'ten')": "1:7: inCidr: 'ten': no network; write it as '10.0.0.0/8' or '2001:db8::/32'",
    "inCidr(source.address, 'fe80::%1/64')": "1:7: inCidr: 'fe80::%1/64': a network has no zone",
    "inCidr(source.address, '10.0.0.0/255.0.0.0')": "1:7: inCidr: '10.0.0.0/255.0.0.0': a mask can be read in two ways",
    "inCidr(source.address, '10.0.0.0/0.0.0.255')": "1:7: inCidr: '10.0.0.0/0.0.0.255': a mask can be read in two ways",
    "inCidr(source.address, request.query)": "1:7: a network has to be written out",
    "identity.scopes.exists(s, inCidr(s, '10.0.0.0/8'))": "1:33: inCidr() cannot be about an element of a list",
    "now.getHours('Europe/Nowhere') < 8": (
        "1:13: there is no time zone 'Europe/Nowhere' on this machine; write 'Europe/Berlin' or '+01:00'"
    ),
    "now.getHours(request.query) < 8": "1:13: the time zone has to be written out",
    "timestamp('2026-13-01T00:00:00Z') < now": "1:10: this is always an error",
    "duration('x') < duration('1s')": "1:9: this is always an error",
    "1 / 0 == 1": "1:3: this is always an error: INVALID_ARGUMENT: divide by zero",
    "google.protobuf.Int32Value{value: 1} == 1": (
        "1:1: google.protobuf.Int32Value is a message; only maps, such as {'a': 1}, can be written here"
    ),
    "'%s'.format([request.path]) == ''": "1:12: format() is not available; there are bool, charAt, ",
    "request.path.split('/').join('.') == ''": "1:29: join() is not available",
    "request.path.replace('a', request.query) == ''": "1:21: what replace() puts in has to be written out",
    "identity.claims.a.exists(x, x in identity.claims.b)": "may take 1353 ms with the longest values there can be",
    "identity.claims.a.exists(x, x.matches('^[a-z]+$'))": "may take ",
    "request.path.replace('a', 'bbbbbbbbbb').replace('b', 'cccccccccc').replace('c', 'dddddddddd') == ''": "may take ",
    "['a'].all(a, ['b'].all(b, ['c'].all(c, true)))": "loops in loops in loops: 2 levels at most",
    " || ".join(["request.path.matches('a')"] * 33): "more than 32 calls of matches() and inCidr()",
    "true // a\0": r"1:10: the character '\x00' is not taken; write it as an escape",
    "request.path == '\u202e'": r"1:18: the character '\u202e' is not taken; write it as an escape",
    "request.path == '\ud800'": r"1:18: the character '\ud800' is not taken; write it as an escape",
    "true" + " " * 4093: "4097 characters, at most 4096; write several expressions",
    "(" * 33 + "true" + ")" * 33: "it is nested too deeply, or too long a chain of operators (32 at most)",
    "1 + " * 33 + "1 == 1": "it is nested too deeply, or too long a chain of operators (32 at most)",
    "@0": "1:1: Syntax error",
    "request.`headers`['X-A'] == 'a'": "1:8: names of headers are in lower case here; write 'x-a'",
    "request.headers[dyn('X')] == 'a'": "1:8: headers are read one by one",
    "dyn('X') in request.headers": "1:20: headers are read one by one",
    "false && 1 / 0 == 1": "1:12: this is always an error: INVALID_ARGUMENT: divide by zero",
    "optional.of(1).hasValue()": "1:12: optional.of() is not available",
    "identity.claims.?team": "1:16: this is not true or false",
    "identity.claims.?team.orValue('a') == 'b' && request.headers.?Team.hasValue()": "write 'team'",
    "has(request.method) && true": "1:21: found no matching overload for '_&&_' applied to '(string, bool)'",
}


@pytest.mark.parametrize(("text", "problem"), REFUSED.items(), ids=[ascii(text)[:60] for text in REFUSED])
def test_refused(text: str, problem: str) -> None:
    """An expression that could not mean what was wanted is refused with the place and what to write."""
    with pytest.raises(CelError) as caught:
        compile_terms(text)
    assert problem in str(caught.value)


def test_the_place_is_shown() -> None:
    """Below the problem stands the line, with a mark under the place."""
    with pytest.raises(CelError) as caught:
        compile_terms("request.method == 'GET' &&\n\trequest.metod == 'é'")
    assert str(caught.value).splitlines()[1:] == [" |  request.metod == 'é'", " | ........^"]


def test_long_lines_are_cut() -> None:
    """Of a long line, what is around the place is shown."""
    with pytest.raises(CelError) as caught:
        compile_terms(f"{'true && ' * 400}request.metod == 'a'{' && true' * 100}")
    assert all(len(line) < 140 for line in str(caught.value).splitlines()[1:])
    assert "request.metod" in str(caught.value).splitlines()[1]
