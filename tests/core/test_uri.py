"""URIs as proofs name them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.uri import Uri, normal_uri, uri_of


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("https://a.example/x", Uri("https://a.example", "/x")),
        ("HTTPS://A.Example:443/%7ex?q#f", Uri("https://a.example", "/~x")),
        ("http://a.example:80", Uri("http://a.example", "/")),
        ("http://a.example:443/", Uri("http://a.example:443", "/")),
        ("https://[::1]:8443/%c3%a9", Uri("https://[::1]:8443", "/%C3%A9")),
        ("https://a.example?x=/y", Uri("https://a.example", "/")),
    ],
)
def test_normal_form(text: str, uri: Uri) -> None:
    """What means the same is the same."""
    assert uri_of(text) == uri


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/x",
        "a.example/x",
        "ftp://a.example/",
        "https:///x",
        "https://u:p@a.example/",
        "https://a.example:/",
        "https://a,b/",
    ],
)
def test_no_uri(text: str) -> None:
    """Anything else is none."""
    assert uri_of(text) is None


@given(st.text("abc%2Ff.~/AZ?#", max_size=20))
def test_normal_form_is_final(path: str) -> None:
    """Putting a normal form into normal form changes nothing, and a reserved character stays encoded."""
    once = uri_of(f"https://a.example/{path}")
    assert once is not None
    again = normal_uri("https", "a.example", once.path)
    assert again == once or "%" in once.path.replace("%2F", "").replace("%25", "")
    assert once.path.count("/") == ("/" + path.partition("?")[0].partition("#")[0]).count("/")
