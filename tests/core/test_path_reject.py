"""The default path mode: one spelling a path, all others refused."""

import re
import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.path import PathMode, decoded, is_normal, readings

_NORMAL = [
    *("/", "/a", "/a/", "/a/b", "/.a", "/..a", "/...", "/a.", "/a..", "/a..b", "/.well-known/x", "/-._~!$&'()*+,=:@"),
    *("/%20", "/%25", "/%25zz", "/%25%25", "/%3F", "/%23", "/%22", "/%C3%A9", "/%E2%82%AC", "/%F0%9F%98%80"),
]
_NOT_NORMAL = [
    *("", "a", "*", "a/b", "//", "///", "//a", "/a//", "/a//b", "/.", "/..", "/./", "/../", "/a/.", "/a/..", "/a/../b"),
    *("/./a", "/../a", "/a/./b", "http://h/", "/a;b", "/;", "/a;jsessionid=1/b", "/..;/a", "/a\\b", "/a#b", "/a b"),
    *(
        '/"',
        "/<",
        "/>",
        "/[",
        "/]",
        "/^",
        "/`",
        "/{",
        "/|",
        "/}",
        "/\x7f",
        "/\0",
        "/a\n",
        "/a\r\n",
        "/\t",
        "\n/a",
        "/\xe9",
    ),
    *(
        "/%",
        "/%2",
        "/%zz",
        "/%2",
        "/a%",
        "/%u002e",
        "/%c3%A9",
        "/%C3%a9",
        "/%3b",
        "/%41",
        "/%7E",
        "/%2D",
        "/%5F",
        "/%30",
    ),
    *("/%2E%2E", "/%2e%2e/a", "/.%2e", "/%2e", "/a/%2E/b", "/%2F", "/%2f", "/a%2Fb", "/%5C", "/%5c", "/%00", "/%0A"),
    *("/%0D", "/%1F", "/%7F", "/%252F", "/%252f", "/%252e%252e", "/%2541", "/%25%2500", "/%25" + "%32%46"),
    *("/%80", "/%C3", "/%C3a", "/%A9", "/%C0%AF", "/%C1%9C", "/%C0%AE", "/%E0%80%AF", "/%ED%A0%80", "/%F0%80%80%AF"),
    *("/%F4%90%80%80", "/%FF", "/%FE%FF", "/a\u2215b", "/\uff0f", "/\u2024"),
]

#: Pieces of which a random path is likely to be dangerous.
_PIECES = st.sampled_from(
    [
        *"/.;\\#?a%0F~ ",
        "..",
        "//",
        "%2e",
        "%2E",
        "%2f",
        "%2F",
        "%5c",
        "%25",
        "%252f",
        "%C3",
        "%A9",
        "%C0%AF",
        "%20",
        "%0A",
    ]
)
_PATHS = st.lists(_PIECES, max_size=10).map(lambda pieces: "/" + "".join(pieces)) | st.text(max_size=20)


@pytest.mark.parametrize("path", _NORMAL)
def test_normal(path: str) -> None:
    """What is in normal form is taken."""
    assert is_normal(path, PathMode.REJECT)


@pytest.mark.parametrize("path", _NOT_NORMAL)
def test_not_normal(path: str) -> None:
    """What is not in normal form is refused."""
    assert not is_normal(path, PathMode.REJECT)


@pytest.mark.parametrize("code", range(0x80))
def test_spellings_of_a_character(code: int) -> None:
    """An ASCII character has one spelling, those with a meaning of their own in a path two, dangerous ones none."""
    character = chr(code)
    raw = is_normal(f"/a{character}z", PathMode.REJECT) and character != "/"
    encoded = is_normal(f"/a%{code:02X}z", PathMode.REJECT)
    if code < 0x20 or code == 0x7F or character in "/\\;":
        assert (raw, encoded) == (False, False)
    elif character.isalnum() or character in "-._~":
        assert (raw, encoded) == (True, False)
    else:
        assert (raw, encoded) == (character in "!$&'()*+,=:@", True)


@pytest.mark.parametrize("code", [0x80, 0x85, 0x9F])
def test_c1_controls(code: int) -> None:
    """Control characters beyond ASCII (U+0080 to U+009F, as UTF-8) are control characters, too."""
    assert not is_normal("/a" + quote(chr(code)), PathMode.REJECT)


@given(_PATHS)
def test_what_normal_means(path: str) -> None:
    """A normal path, decoded, has no empty or dot segment, no backslash, no ASCII control and no second encoding."""
    if not is_normal(path, PathMode.REJECT):
        return
    plain = decoded(path)
    segments = plain[1:].split("/")
    assert plain.count("/") == path.count("/")
    assert not {".", ".."}.intersection(segments)
    assert "" not in segments[:-1]
    assert "\\" not in plain
    assert not any(ord(character) < 0x20 or ord(character) == 0x7F for character in plain)
    assert re.search("%[0-9A-Fa-f]{2}", plain) is None


@given(_PATHS)
def test_decoding_again_changes_nothing(path: str) -> None:
    """However often an upstream decodes a normal path, it sees one of the paths that policy sees."""
    if is_normal(path, PathMode.REJECT):
        assert decoded(decoded(path)) == decoded(path)
        assert decoded(path) in readings(path, PathMode.REJECT)


@given(
    st.lists(st.sampled_from(["a", "b.c", "%20", "x"]), min_size=1, max_size=4),
    st.sampled_from(
        [
            *(".", "..", "%2e", "%2E", ".%2e", "%2e.", "%2E%2e"),
            *("", "a%2fb", "%2F", "a%5Cb", "a\\b", "a;b", "..;", "%252e"),
        ]
    ),
    st.integers(0, 3),
)
def test_one_bad_segment(good: list[str], bad: str, place: int) -> None:
    """A path with a dot segment, an empty one or an encoded separator, anywhere and in any spelling, is refused."""
    segments = [*good[:place], bad, *good[place:]]
    if bad == "" and segments[-1] == "":
        segments.append("a")
    assert not is_normal("/" + "/".join(segments), PathMode.REJECT)


def _is_no_sign(one: str) -> bool:
    """Say whether a character is none that paths are made of, nor looks like one (Unicode's compatibility forms)."""
    return not set(unicodedata.normalize("NFKC", one)) & set("./\\%;?#") and unicodedata.category(one) != "Cc"


@given(st.text(st.characters(exclude_categories=["Cs"]).filter(_is_no_sign), min_size=1, max_size=20))
def test_every_text_has_a_normal_spelling(text: str) -> None:
    """A segment of any printable text, encoded canonically, is taken: the normal form shuts nobody out."""
    assert is_normal("/" + quote(text, safe="-._~!$&'()*+,=:@"), PathMode.REJECT)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a", {"/a"}),
        ("/a%3Ab", {"/a%3Ab", "/a:b"}),
        ("/%C3%A9", {"/%C3%A9", "/é"}),
        ("/a%3Fx%23y", {"/a%3Fx%23y", "/a?x#y", "/a?x", "/a"}),
        ("/a%23/b", {"/a%23/b", "/a#/b", "/a"}),
        ("/a%20/b", {"/a%20/b", "/a /b", "/a/b"}),
        ("/a/%C2%A0b", {"/a/%C2%A0b", "/a/\xa0b", "/a/b"}),
        ("/a%20%3Fb", {"/a%20%3Fb", "/a ?b", "/a ", "/a"}),
    ],
)
def test_readings(path: str, expected: set[str]) -> None:
    """In the default mode policy sees a path as sent, decoded, and as careless upstreams cut and trim it."""
    found = readings(path, PathMode.REJECT)
    assert found[0] == path
    assert set(found) == expected


@pytest.mark.parametrize("mode", [mode for mode in PathMode if mode is not PathMode.REJECT])
def test_readings_in_istios_modes(mode: PathMode) -> None:
    """In Istio's modes policy sees a path as sent alone."""
    assert readings("/a%3Ab%3Fc", mode) == ("/a%3Ab%3Fc",)


_LAID_BARE = [
    *("/%20..", "/a/%20.%20/b", "/..%20/", "/a/%20%20../admin", "/..+/admin", "/a/+./b", "/%20..%3Fx", "/%20.%20a"),
    *("/a/%C2%A0../admin", "/a/%E3%80%80..%E3%80%80/admin", "/a/%EF%BB%BF../b", "/a/%E2%80%8B./b"),
    *("/%20/admin", "/a/%20%20/b", "/+/admin", "/%C2%A0/admin", "/a/%EF%BB%BF/b"),
    *("/a/%25u002e%25u002e/b", "/%25U002F", "/a%EF%BC%8Fb", "/%EF%BC%8E%EF%BC%8E/a", "/a%CD%BEb", "/%E2%80%A5/a"),
]


@pytest.mark.parametrize("path", _LAID_BARE)
def test_segments_that_a_reading_lays_bare(path: str) -> None:
    """A path in which somebody's reading has an empty or a dot segment, or another delimiter, is refused."""
    assert not is_normal(path, PathMode.REJECT)


@given(_PATHS)
def test_every_reading_is_a_plain_path(path: str) -> None:
    """No reading of a normal path has a segment that another server would resolve or merge."""
    if is_normal(path, PathMode.REJECT):
        for reading in readings(path, PathMode.REJECT):
            segments = reading[1:].split("/")
            assert reading.startswith("/")
            assert not {".", ".."}.intersection(segments)
            assert "" not in segments[:-1]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a+b", {"/a+b", "/a b"}),
        ("/c++", {"/c++", "/c  ", "/c"}),
        ("/x%3F/secret%20", {"/x%3F/secret%20", "/x?/secret ", "/x?/secret", "/x"}),
        ("/a%3F/b%23c", {"/a%3F/b%23c", "/a?/b#c", "/a?/b", "/a"}),
        ("/a%EF%BB%BF", {"/a%EF%BB%BF", "/a\ufeff", "/a"}),
    ],
)
def test_more_readings(path: str, expected: set[str]) -> None:
    """``+`` is a space to some; cutting and trimming go together."""
    assert set(readings(path, PathMode.REJECT)) == expected
