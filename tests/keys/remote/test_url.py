"""Which URLs are asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from sidecar.keys.remote.url import UrlError, discovery_url, parse_url


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("https://idp.example", "idp.example", 443),
        ("https://IDP.example:8443/a/b?c=d&e", "idp.example", 8443),
        ("https://[2606:4700::1]/jwks", "2606:4700::1", 443),
        ("https://192.0.2.1/", "192.0.2.1", 443),
        ("https://my_idp.svc/%7Ea", "my_idp.svc", 443),
    ],
)
def test_good(text: str, host: str, port: int) -> None:
    """Host, port, path and query; the text is asked for as it stands."""
    url = parse_url(text, allow_http=False)
    assert (url.host, url.port, url.text) == (host, port, text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "idp.example", "//idp.example", "file:///etc/passwd", "ftp://a", "gopher://a", "HTTPS://a", "https:a"),
        *("https://", "https:///a", "https://user@a", "https://u:p@a", "https://a@b/", "https://a\\@b", "https://a#f"),
        *(
            "https://a/#f",
            "https://a b",
            "https://a/b c",
            "https://a\n",
            "https://a/\r\nx: y",
            "https://a\t/",
            " https://a",
        ),
        *("https://ä.example", "https://a%2eb", "https://a:", "https://a:0", "https://a:65536", "https://a:1e3"),
        *(
            "https://[::1",
            "https://::1",
            "https://[fe80::1%25eth0]/",
            "https://a?b",
            "https://-a",
            "https://a:443:444/",
        ),
        *("https://a/\\b", "https://a/<b>", "https://a/\u2028", "http://a", "https://a." + "b" * 300),
    ],
)
def test_refused(text: str) -> None:
    """What two parsers could read in two ways, or leads elsewhere than to HTTPS, is not asked."""
    with pytest.raises(UrlError):
        parse_url(text, allow_http=False)


def test_plain_http_where_allowed() -> None:
    """Plain HTTP is a setting."""
    assert parse_url("http://idp.svc/jwks", allow_http=True).port == 80
    with pytest.raises(UrlError, match="not https"):
        parse_url("http://idp.svc/jwks", allow_http=False)


@given(st.text(alphabet=st.sampled_from("htps:/@#?[]\\%.a1-_ \t"), max_size=40))
def test_both_parsers_agree(text: str) -> None:
    """Whatever passes, the HTTP library reads the very same scheme, host and port in it."""
    try:
        url = parse_url(text, allow_http=True)
    except UrlError:
        return
    read = URL(text)
    assert (read.scheme, read.host, read.port, read.user) == (url.scheme, url.host, url.port, None)


@pytest.mark.parametrize(
    ("issuer", "document"),
    [
        ("https://a.example", "https://a.example/.well-known/openid-configuration"),
        ("https://a.example/", "https://a.example/.well-known/openid-configuration"),
        ("https://a.example/realms/x", "https://a.example/realms/x/.well-known/openid-configuration"),
    ],
)
def test_discovery(issuer: str, document: str) -> None:
    """The document is below the issuer's path; one slash at its end is taken off (Discovery, section 4)."""
    assert discovery_url(issuer, allow_http=False).text == document


@pytest.mark.parametrize(
    "issuer", ["accounts.example", "urn:a:b", "https://a.example/?tenant=1", "http://a.example", ""]
)
def test_issuer_without_a_discovery_document(issuer: str) -> None:
    """An issuer that is no https URL, or has a query, describes itself nowhere."""
    with pytest.raises(UrlError):
        discovery_url(issuer, allow_http=False)
