"""Fields by JSON Pointer (RFC 6901)."""

from collections.abc import Iterator, Mapping

import pytest

from sidecar.decision_log.fields import SHAPE, Shape
from sidecar.decision_log.pointer import Path, parse, parse_text


def _paths(shape: Shape, path: Path = ()) -> Iterator[tuple[Path, Shape]]:
    if path:
        yield path, shape
    below = shape.items() if isinstance(shape, Mapping) else [("0", shape[0]), ("17", shape[0])] if shape else ()
    for name, one in below:
        yield from _paths(one, (*path, name))


@pytest.mark.parametrize(("path", "shape"), list(_paths(SHAPE)), ids=lambda one: str(one)[:40])
def test_every_field(path: Path, shape: Shape) -> None:
    """Each field that a record may have can be named, and each that is a single value can be hashed."""
    text = "".join(f"/{name}" for name in path)
    assert parse(text) == path
    if shape is None:
        assert parse_text(text) == path
    else:
        with pytest.raises(ValueError, match="no single value"):
            parse_text(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no JSON pointer"),
        ("subject", "no JSON pointer"),
        ("#/subject", "no JSON pointer"),
        ("/sub~ject", "no JSON pointer"),
        ("/sub~2ject", "no JSON pointer"),
        ("/", "no field ''"),
        ("/subject/", "single value"),
        ("/subjekt", "did you mean 'subject'"),
        ("/token", "no field 'token'"),
        ("/sub~1ject", "no field 'sub/ject'"),
        ("/time/0", "single value"),
        ("/audited/-", "no index"),
        ("/audited/01", "no index"),
        ("/audited/*", "no index"),
        ("/hooks/0/name", "no field 'name'"),
        ("/dry_run/0", "no field '0'"),
    ],
)
def test_no_field(text: str, problem: str) -> None:
    """Whatever names nothing is refused, with what there is."""
    with pytest.raises(ValueError, match=problem):
        parse(text)
