"""Credentials in other places than Authorization: one a request, or a refusal that says why."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.credential import Credential
from sidecar.core.finder import Finder
from sidecar.core.reason import Reason, Refusal
from sidecar.core.source import BEARER, DPOP, Source
from support.requests import request

COOKIE = Source("cookie", "session_id")
QUERY = Source("query", "access_token")
KEY = Source("header", "x-api-key")
SCHEMED = Source("header", "x-token", "token")
ALL = frozenset({BEARER, DPOP, COOKIE, QUERY, KEY, SCHEMED})


def find(sources: frozenset[Source] = ALL, /, **fields: object) -> Credential:
    """Find the credential of a request."""
    return Finder(sources).find(request(**fields))


def reason(sources: frozenset[Source] = ALL, /, **fields: object) -> Reason:
    """Return why none is found."""
    with pytest.raises(Refusal) as refused:
        find(sources, **fields)
    return refused.value.reason


def cookies(text: str) -> Mapping[str, str]:
    """Return the headers with these cookies."""
    return {"cookie": text}


@pytest.mark.parametrize(
    ("headers", "query", "source"),
    [
        ({"authorization": "Bearer a.b.c"}, "", BEARER),
        ({"authorization": "DPoP a.b.c"}, "", DPOP),
        ({"x-api-key": "a.b.c"}, "", KEY),
        ({"x-token": "Token a.b.c"}, "", SCHEMED),
        ({"cookie": "session_id=a.b.c"}, "", COOKIE),
        ({"cookie": "a=b; session_id=a.b.c; c=d"}, "", COOKIE),
        ({"cookie": 'x="1,2"; session_id=a.b.c'}, "", COOKIE),
        ({"cookie": "session_id2=x; session_id=a.b.c; xsession_id=y"}, "", COOKIE),
        ({}, "access_token=a.b.c", QUERY),
        ({}, "x=1&access_token=a.b.c&y=2", QUERY),
    ],
)
def test_found(headers: Mapping[str, str], query: str, source: Source) -> None:
    """Each place gives its credential, with its source."""
    assert find(path=f"/a?{query}", headers=headers) == Credential(source, b"a.b.c")


def test_only_where_it_is_asked_for() -> None:
    """What is in other places than the configured ones is no credential."""
    headers = {"x-api-key": "a", "cookie": "session_id=a", "x-token": "Token a"}
    assert reason(frozenset({QUERY}), headers=headers) is Reason.NO_CREDENTIAL
    assert reason(frozenset({COOKIE}), headers={"x-api-key": "a"}) is Reason.NO_CREDENTIAL
    assert reason(frozenset({COOKIE}), path="/a?access_token=x") is Reason.NO_CREDENTIAL


@pytest.mark.parametrize("value", ["Basic YTpi", "Token a"])
def test_other_scheme(value: str) -> None:
    """Another scheme is none of ours."""
    assert reason(headers={"authorization": value}) is Reason.NO_CREDENTIAL
    assert reason(frozenset({COOKIE}), headers={"authorization": "Bearer a"}) is Reason.NO_CREDENTIAL


PLACES = [
    {"authorization": "Bearer a"},
    {"authorization": "Basic a"},
    {"x-api-key": "a"},
    {"x-token": "Token a"},
    {"cookie": "session_id=a"},
    {"?": "access_token=a"},
]


@pytest.mark.parametrize("first", PLACES, ids=str)
@pytest.mark.parametrize("second", PLACES, ids=str)
def test_two_places(first: dict[str, str], second: dict[str, str]) -> None:
    """Credentials in two places are several, also where both are the same."""
    if set(first) == set(second):
        return
    both = first | second
    query = both.pop("?", "")
    assert reason(path=f"/a?{query}", headers=both) is Reason.SEVERAL_CREDENTIALS


def test_authorization_beside_a_cookie_counts_where_it_is_no_source() -> None:
    """The upstream may read what we do not."""
    headers = {"authorization": "Basic a", "cookie": "session_id=a"}
    assert reason(frozenset({COOKIE}), headers=headers) is Reason.SEVERAL_CREDENTIALS


@pytest.mark.parametrize("query", ["access_token=x", "access%5Ftoken=x", "[access_token]=x"])
def test_access_token_beside_a_cookie(query: str) -> None:
    """RFC 6750's parameter is a second credential beside any other."""
    headers = cookies("session_id=a")
    assert reason(frozenset({COOKIE}), path=f"/a?{query}", headers=headers) is Reason.SEVERAL_CREDENTIALS


@pytest.mark.parametrize(
    "text",
    [
        "session_id=a; session_id=b",
        "session_id=a; session_id=a",
        "session_id=a;session_id=b",
        "session_id=a, session_id=b",
        "x=1, session_id=a",
        "x=1,session_id=a",
        "session_id=a, x=1",
        "session_id=a; SESSION_ID=b",
        "session_id=a; session%5Fid=b",
        "session_id=a; %73ession_id=b",
        "session_id=a; session.id=b",
        "session_id=a; session_id =b",
        "session_id=a; \tsession_id=b",
        "session_id=a; session_id",
        "session_id=a; +session_id=b",
        "\xa0session_id=b; session_id=a",
        "session_id=a; \x85session_id=b",
        "session_id=a; session_id\ufeff=b",
        "session_id=a; !session_id=b",
        'session_id=a; "session_id"=b',
        "session_id%00x=b; session_id=a",
        "session_id=a; session_id\x00x=b",
        "Session_Id=a",
        "session%5fid=a",
        "session_id =a",
        "session_id",
        " session_id=a",
        "x=1;\tsession_id=a",
    ],
)
def test_cookie_that_others_read_otherwise(text: str) -> None:
    """A cookie twice, in another spelling, or beside a comma is refused: the upstream may read another one."""
    assert reason(headers=cookies(text)) is Reason.SEVERAL_CREDENTIALS


@pytest.mark.parametrize("value", ["", '"a"', "a b", "a%2Eb", "é", "a=b", "a\tb", " a", "a ", "a\\"])
def test_malformed_cookie(value: str) -> None:
    """A cookie's value is a token as it stands, not quoted and not encoded."""
    assert reason(headers=cookies(f"session_id={value}")) is Reason.MALFORMED_CREDENTIAL


def test_two_cookie_headers() -> None:
    """Two Cookie headers with one of it each, as Envoy hands them over either way."""
    raw = [("cookie", b"session_id=a"), ("cookie", b"session_id=b")]
    assert reason(header_map=raw) is Reason.SEVERAL_CREDENTIALS
    assert reason(header_map=[("cookie", b"x=y"), raw[0]]) is Reason.SEVERAL_CREDENTIALS


@pytest.mark.parametrize("name", ["x_api_key", "x.api.key", "x_api-key", "x!api key"])
def test_lookalike_header(name: str) -> None:
    """A header that some server takes for the one with the credential is a second one, and one alone is none."""
    assert reason(headers={"x-api-key": "a", name: "b"}) is Reason.SEVERAL_CREDENTIALS
    assert reason(headers={name: "b"}) is Reason.SEVERAL_CREDENTIALS


@pytest.mark.parametrize("headers", [{"x-api-key": "a,b"}, {"x-api-key": ","}, {"x-token": "Token a,Token b"}])
def test_joined_header(headers: Mapping[str, str]) -> None:
    """A comma means that two headers were joined."""
    assert reason(headers=headers) is Reason.SEVERAL_CREDENTIALS


@pytest.mark.parametrize(
    "headers", [{"x-api-key": ""}, {"x-api-key": "a b"}, {"x-api-key": "é"}, {"x-token": "Token"}, {"x-token": "é a"}]
)
def test_malformed_header(headers: Mapping[str, str]) -> None:
    """A header of ours without a token is malformed."""
    assert reason(headers=headers) is Reason.MALFORMED_CREDENTIAL


@pytest.mark.parametrize(
    "second", ["access_token=b", "access%5Ftoken=b", "Access_Token=b", "access_token", "access.token=b"]
)
def test_parameter_twice(second: str) -> None:
    """A parameter twice, however the second is spelt, is several credentials."""
    assert reason(path=f"/a?access_token=a&{second}") is Reason.SEVERAL_CREDENTIALS
    assert reason(path=f"/a?{second}&access_token=a") is Reason.SEVERAL_CREDENTIALS


@pytest.mark.parametrize(
    "query",
    [
        *("access%5Ftoken=a", "Access_token=a", "x=1;access_token=a", "access_token=a;x=1", "access_token[]=a"),
        *(
            "access_token",
            "access_token=",
            "access_token=a%2Eb",
            "access_token=a+b",
            "?access_token=a",
            "+access_token=a",
        ),
    ],
)
def test_parameter_that_is_not_spelt_plainly(query: str) -> None:
    """A parameter that Envoy would not take off, or whose value has two readings, is refused."""
    assert reason(path=f"/a?{query}") is Reason.MALFORMED_CREDENTIAL


def test_no_token_in_the_representation() -> None:
    """A credential does not show its token."""
    assert "a.b.c" not in repr(Credential(COOKIE, b"a.b.c"))


@given(st.text(st.sampled_from("session_id%5F=;, abAB+.\t"), max_size=60))
def test_any_cookies(text: str) -> None:
    """Whatever is found in any Cookie header, every simple reader of it finds the very same."""
    try:
        found = find(frozenset({COOKIE}), headers=cookies(text))
    except Refusal:
        return
    for separators in (";", ",;"):
        parts = [text]
        for separator in separators:
            parts = [piece for part in parts for piece in part.split(separator)]
        pairs = [part.strip().partition("=") for part in parts]
        values = [value for name, _, value in pairs if name.strip().lower() == "session_id"]
        assert values == [found.token.decode()]
