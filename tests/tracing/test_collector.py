"""Headers for the collector, out of a file."""

from pathlib import Path

import pytest

from sidecar.tracing.collector import Collector, CollectorError, read_headers, shown


def test_lines() -> None:
    """Names in small letters; comments and empty lines are nothing; a value may have colons and spaces in it."""
    text = "Authorization: Bearer a:b c\n\n# ours\n  x-tenant :one\t\n"
    assert read_headers("f", text) == {"authorization": "Bearer a:b c", "x-tenant": "one"}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("secret", "1"),
        ("a: secret\nb=secret", "2"),
        ("a:", "1"),
        ("a: s\u00e9cret", "1"),
        ("a b: secret", "1"),
        ("a: secret\nA: secret", "2"),
        ("grpc-timeout: secret", "1"),
        ("key-bin: secret", "1"),
    ],
)
def test_refused(text: str, place: str) -> None:
    """With the line, and without what stands there."""
    with pytest.raises(CollectorError) as refused:
        read_headers("headers.txt", text)
    assert str(refused.value).startswith(f"headers.txt:{place}: ")
    assert "cret" not in str(refused.value)


def test_file_that_is_missing(tmp_path: Path) -> None:
    """It is said which."""
    with pytest.raises(CollectorError, match=r"absent\.txt cannot be read: No such file"):
        Collector("http://127.0.0.1:1", "grpc", 1.0, headers_file=tmp_path / "absent.txt").headers()
    assert Collector("http://127.0.0.1:1", "grpc", 1.0).headers() == {}


def test_what_others_say_stays_in_its_line() -> None:
    """No line breaks, no escapes, and an end."""
    assert shown("a\nb\x1b[0m" + "c" * 500) == "a b [0m" + "c" * 193
