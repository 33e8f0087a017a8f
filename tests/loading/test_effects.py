"""What stands in templates and locations: what is taken, and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.effects.html import TemplateError, filled, slots
from sidecar.settings.location import check_location


@pytest.mark.parametrize(
    "template",
    [
        *(
            "<p>{{ who }}</p>",
            "{{who}}",
            "<title>{{ a }}</title><textarea>{{ b }}</textarea>",
            "<br/>{{ a }}<img src=x>",
        ),
        *(
            "<script>f()</script><p>{{ a }}</p>",
            "<style>b { c: d }</style>{{ a }}",
            "{ a }",
            "a &amp; {{ b }}",
            "<!-- x -->{{ a }}",
        ),
        "<p title='}'>{{ a }}</p>\r\n\t",
        *(
            "<svg viewBox='0 0 1 1'><!-- x --><title>x</title><style>.a{}</style><path d='M0'/></svg>{{ a }}",
            "<script>if (1 < 2) {}</script>{{ a }}",
            "<noscript><img src='a'></noscript>{{ a }}",
            "<template><p>a</p></template>{{ a }}",
        ),
    ],
)
def test_templates(template: str) -> None:
    """A value may stand wherever text is read as text."""
    parts, names = slots(template)
    assert filled(parts, list(names)).replace(" ", "") == template.replace("{{", "").replace("}}", "").replace(" ", "")


@pytest.mark.parametrize(
    "template",
    [
        *(
            "<a href='{{ a }}'>x</a>",
            "<a href={{ a }}>x</a>",
            "<{{ a }}>",
            "<p {{ a }}>",
            "<p {{ a }}='x'>",
            "</{{ a }}>",
        ),
        *("<script>{{ a }}</script>", "<style>{{ a }}</style>", "<!-- {{ a }} -->", "<!{{ a }}>", "<?{{ a }}>"),
        *(
            "<iframe>{{ a }}</iframe>",
            "<noscript>{{ a }}</noscript>",
            "<xmp>{{ a }}</xmp>",
            "<template>{{ a }}</template>",
        ),
        *(
            "<SCRIPT>{{ a }}</SCRIPT>",
            "<p title='{{ a }}",
            "<script>f()</script x>{{ b }}<script>{{ a }}",
            "<plaintext>{{ a }}",
        ),
        *("<p{{ a }}", "<svg/onload={{ a }}>", "<p title='>{{ a }}'>", "<![CDATA[{{ a }}]]>", "a < {{ b }}"),
        *(
            '<p a=b"c d=">{{ a }}',
            "<script><!--<script></script>{{ a }}</script>",
            "<svg><style><b a='</style>{{ a }}'></svg>",
        ),
        *("<!--> <b a='-->{{ a }}'>", "<p a'b>{{ a }}", "<{{ a }} b>", "<b {{ a }}", "<!-- --!> {{ a }} -->"),
    ],
)
def test_templates_in_which_escaping_is_no_help(template: str) -> None:
    """A value within a tag, a comment, a script or a style is refused."""
    with pytest.raises(TemplateError, match="in text alone"):
        slots(template)


@pytest.mark.parametrize(
    "template",
    [
        "<style>a</style/><script>'</style>{{ a }}<script></script>",
        "<script>f()</script/><p title='</script>{{ a }}'>",
        "<title><style></title><script></style>{{ a }}<script></script>",
        "<textarea><p title='</textarea><script>'>{{ a }}<script></script>",
        "<select><style></select><script></style>{{ a }}<script></script>",
        "<svg><p><script>'</svg>{{ a }}<script></script>",
        "<svg><p><title><b c='</title><script>'></title></p></svg>{{ a }}<script></script>",
        "<noscript><p title='</noscript><script>'></p></noscript>{{ a }}<script></script>",
        "<template><script>'</template>{{ a }}<script></script>",
    ],
)
def test_templates_that_a_browser_reads_otherwise(template: str) -> None:
    """Where an element ends in a browser sooner or later than it seems to, a value would be within a script."""
    with pytest.raises(TemplateError, match="in text alone"):
        slots(template)


@pytest.mark.parametrize("template", ["{{ a", "a }}", "{{ 1a }}", "{{ a.b }}", "{{}}", "{{ {{ a }} }}", "{{ a|safe }}"])
def test_braces_that_hold_no_name(template: str) -> None:
    """Braces that would stand in the page as they are, by mistake, are refused."""
    with pytest.raises(TemplateError, match="go around a name"):
        slots(template)


@pytest.mark.parametrize("template", ["a\x00", "\x1b", "\ue000 {{ a }}", "\ud800"])
def test_characters_that_no_page_has(template: str) -> None:
    """Control characters and lone surrogates are refused."""
    with pytest.raises(TemplateError, match="character"):
        slots(template)


@given(st.text("<>{} ab/='\"!-&;?"))
def test_any_template(template: str) -> None:
    """Any text is a template or a TemplateError, and nothing else."""
    try:
        parts, names = slots(template)
    except TemplateError:
        return
    assert len(parts) == len(names) + 1


@pytest.mark.parametrize(
    "text",
    [
        *(
            "https://login.example",
            "https://login.example/a?b=c#d",
            "https://login.example/?rd={url}",
            "https://[2001:db8::1]/",
        ),
        *("https://login.example:8443/?a=b&rd={url}&c=%20", "https://login.example/?rd={url}#frag"),
    ],
)
def test_locations(text: str) -> None:
    """Plain URLs, with what was asked for as a parameter's whole value."""
    check_location(text, allow_http=False)


@pytest.mark.parametrize(
    "text",
    [
        *("", "/login", "login.example", "http://login.example/", "ftp://login.example/", "https://", "https:///a"),
        *("https://a:b@login.example/", "https://login.example@evil.example/", "https://login.example\\@evil.example/"),
        *(
            "https://login.example/ a",
            "https://login.example/\n",
            "https://login.example/%zz",
            "https://Login_.example:0/",
        ),
        *(
            "https://login.example/{url}",
            "https://{url}/",
            "https://login.example{url}",
            "{url}",
            "https://login.example/#{url}",
        ),
        *("https://login.example/?{url}", "https://login.example/?a={url}{url}", "https://login.example/?a={url}b"),
        *(
            "https://login.example/?a={url}&b={url}",
            "https://login.example/#?a={url}",
            "https://login.example/?a={URL}",
        ),
    ],
)
def test_locations_that_are_not_taken(text: str) -> None:
    """What is no plain URL, or would have a request choose more than a parameter's value."""
    with pytest.raises(ValueError, match=r"URL|TLS|url"):
        check_location(text, allow_http=False)


def test_without_tls_where_that_is_said() -> None:
    """A login without TLS has to be wanted."""
    check_location("http://login.example/", allow_http=True)
