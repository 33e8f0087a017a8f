"""One bearer token in the Authorization header, or a refusal that says why."""

import pytest

from sidecar.core.credential import bearer_token
from sidecar.core.reason import Reason, Refusal
from support.requests import request

_TOKEN = "a.b.c"


def _reason(**fields: object) -> Reason:
    with pytest.raises(Refusal) as refused:
        bearer_token(request(**fields))
    return refused.value.reason


@pytest.mark.parametrize("value", ["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c", "bEaReR a.b.c", "Bearer   a.b.c"])
def test_taken(value: str) -> None:
    """The scheme's case does not matter, nor how many spaces follow it (RFC 9110, section 11.4)."""
    assert bearer_token(request(headers={"authorization": value})) == b"a.b.c"


@pytest.mark.parametrize("token", ["-._~+/AZaz09", "abc=", "abc==", "."])
def test_b64token(token: str) -> None:
    """Every character of RFC 6750's b64token may be in the token."""
    assert bearer_token(request(headers={"authorization": f"Bearer {token}"})) == token.encode()


@pytest.mark.parametrize(
    "value", ["Basic YTpi", "Basic", "Negotiate", "DPoP a.b.c", "BearerX a", "Digest x=1", "Bearer-a b"]
)
def test_other_schemes(value: str) -> None:
    """Another scheme is no bearer token: the client is asked for one."""
    assert _reason(headers={"authorization": value}) is Reason.NO_CREDENTIAL


def test_none() -> None:
    """Without the header there is no credential."""
    assert _reason() is Reason.NO_CREDENTIAL


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Bearer  ",
        " Bearer a",
        "Bearer\ta",
        "Bearer a ",
        "Bearer a b",
        "Bearer a\n",
        "Bearer a\x00",
        "Bearer\na",
        "Bearer =",
        "Bearer a=b",
        "Bearer é",
        "Bearer a;b",
        'Bearer "a"',
        "Bearer a\r\nx: y",
        "Bearer:a",
        "Béarer a",
        "Bearer a\u2028",
        "Bearer a\xa0",
        "Bearer\xa0a",
        "Bearer \u0661",
        "Bearer a%2Eb",
    ],
)
def test_malformed(value: str) -> None:
    """A header without scheme, or Bearer without a b64token, is malformed."""
    assert _reason(headers={"authorization": value}) is Reason.MALFORMED_CREDENTIAL


def test_malformed_bytes() -> None:
    """A token with bytes that are not UTF-8 is malformed."""
    assert _reason(header_map=[("authorization", b"Bearer \xff")]) is Reason.MALFORMED_CREDENTIAL


@pytest.mark.parametrize(
    "value", ["Bearer a,Bearer b", "Bearer a,", ",Bearer a", "Bearer a, Basic b", "Basic a,Bearer b", "Bearer a,b", ","]
)
def test_several(value: str) -> None:
    """A comma means that two headers were joined."""
    assert _reason(headers={"authorization": value}) is Reason.SEVERAL_CREDENTIALS


@pytest.mark.parametrize("first", [b"", b"Basic x", b"Bearer a", b"Bearer b"])
def test_several_headers(first: bytes) -> None:
    """Two Authorization headers are several credentials, whatever they are."""
    headers = [("authorization", first), ("authorization", b"Bearer a")]
    assert _reason(header_map=headers) is Reason.SEVERAL_CREDENTIALS


@pytest.mark.parametrize(
    "query",
    [
        "access_token=x",
        "access_token",
        "access_token=",
        "a=b&access_token=x",
        "a=b;access_token=x",
        "&&access_token=x",
        "access%5Ftoken=x",
        "access%5ftoken=x",
        "%61ccess_token=x",
        "%61%63%63%65%73%73%5f%74%6f%6b%65%6e=x",
        "acces%73_t%6Fken=x",
        "a?&access_token=x",
        "access_token=a&access_token=b",
        "+access_token=x",
        "a=b&+%20 access_token=x",
        "access_token[]=x",
        "access_token%5B%5D=x",
        "access_token%5b0]=x",
        "access_token%00=x",
        "Access_Token=x",
        "%41CCESS%5FTOKEN=x",
        "[access_token]=x",
        "%5Baccess_token%5D=x",
        "access_token]=x",
        "a=b&]access_token=x",
        "%u0061ccess_token=x",
        "?access_token=x",
    ],
)
def test_second_token_in_the_query(query: str) -> None:
    """An ``access_token`` in the query, however its name is spelt, beside the header is a second credential."""
    assert _reason(path=f"/a?{query}", headers={"authorization": "Bearer a"}) is Reason.SEVERAL_CREDENTIALS


@pytest.mark.parametrize(
    "query",
    [
        "",
        "token=x",
        "access_tokens=x",
        "x=access_token",
        "x=%26access_token=",
        "access_token%3Dx",
        "+x=access_token",
        "access_token+",
        "a?access_token=x",
    ],
)
def test_other_parameters(query: str) -> None:
    """Other names, and values that look like it, are no credential."""
    assert bearer_token(request(path=f"/a?{query}", headers={"authorization": "Bearer a"})) == b"a"


def test_query_alone() -> None:
    """A token in the query alone is not taken at all."""
    assert _reason(path=f"/a?access_token={_TOKEN}") is Reason.NO_CREDENTIAL
