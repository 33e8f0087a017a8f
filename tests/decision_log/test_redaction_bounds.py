"""What a client may write to have redaction work for long, or stop in the middle of a secret."""

from typing import Any
from urllib.parse import quote

import pytest

from sidecar.core.sent import SentRequest, read_sent
from sidecar.decision_log import redaction
from sidecar.decision_log.masks import Masks
from sidecar.decision_log.reading import CUT, MASK
from sidecar.decision_log.redaction import Redaction
from support.requests import check_request
from support.trusts import trust

_OPAQUE = "2YotnFZFEjr1zCsicMWpAA"
_BEARER = {"authorization": f"Bearer {_OPAQUE}"}


def _sent(**asked: Any) -> SentRequest:  # noqa: ANN401 - a request's own
    return read_sent(check_request(**asked))


def _text(text: str, most: int = 1024, headers: dict[str, str] | None = None) -> str:
    return Redaction(_sent(headers=_BEARER if headers is None else headers), trust()).text(text, most)


@pytest.mark.parametrize(
    "asked",
    [
        {"headers": {"authorization": "Bearer " + " ".join(f"{n:08}.{n:08x}" for n in range(200))}},
        {"path": "/x?" + "&".join(f"access_token={n:08}" for n in range(500))},
        {"path": "/x?" + "&" * 50_000},
        {"headers": {"authorization": "Bearer " + "%61" * 19_000}},
    ],
    ids=["parts", "parameters", "pairs", "encoded"],
)
def test_more_than_is_looked_for(asked: dict[str, Any]) -> None:
    """Of a request with more that may be secret than any honest one has, no text is told."""
    assert Redaction(_sent(**asked), trust()).text("/orders", 1024) == MASK


def test_work_is_bounded() -> None:
    """However much is looked for, and in however long a text, both together come to no more than a bound."""
    looked = 0

    class Text(str):
        __slots__ = ()

        def __contains__(self, key: object) -> bool:
            nonlocal looked
            looked += len(self)
            return super().__contains__(str(key))

    headers = {"authorization": "Bearer " + ".".join(f"{n:08}" for n in range(60))}
    assert Redaction(_sent(headers=headers), trust()).text(Text("/" + "a" * 50_000), 1024) == MASK
    # Characters such as "%" and "e" are looked for once.
    assert looked <= redaction._MOST_WORK
    assert _text("/" + "a" * 10_000) == "/" + "a" * 1022 + CUT


@pytest.mark.parametrize("layers", range(1, 9))
def test_encoded_however_often(layers: int) -> None:
    """A text that is encoded more often than is looked into is not told."""
    written = f"{_OPAQUE[:-1]}%41"
    for _ in range(layers):
        written = quote(written, safe="")
    assert _text(f"/files/{written}") == MASK


def test_password_of_a_url_that_is_cut() -> None:
    """It is masked though its "@" is behind the cut."""
    told = _text("/" + "x" * 990 + "/http://user:hunter2secretpassword@host/")
    assert "hunter2" not in told


@pytest.mark.parametrize(
    "secret", ["http://user:hunter2%65secret@host", f"{_OPAQUE[:12]}%{ord(_OPAQUE[12]):02x}{_OPAQUE[13:]}"]
)
def test_long_text_is_cut_between_segments(secret: str) -> None:
    """Where it is too long for being decoded, nothing is told of the segment in which something is encoded."""
    told = _text(f"/files/{secret}/{'y' * 3000}")
    assert told in {f"/files{CUT}", f"/files/http:/{CUT}"}


@pytest.mark.parametrize(
    ("subject", "path"),
    [
        ("alice@example", "/u/%2561lice%2540example"),
        ("alice@example", f"/u/alice@exa{CUT}"),
        ("a" * 255 + CUT, f"/u/{'a' * 255}-the-end/x"),
        ("a" * 255 + CUT, f"/u/{'a' * 200}{CUT}"),
    ],
    ids=["encoded twice", "path is cut", "subject is cut", "both are"],
)
def test_masked_value_in_part(subject: str, path: str) -> None:
    """What is masked is masked elsewhere too, be it encoded twice or cut in the middle."""
    record: dict[str, Any] = {"subject": subject, "path": path, "host": "api.example"}
    Masks(hidden=[("subject",)]).apply(record)
    assert record == {"subject": MASK, "path": record["path"], "host": "api.example"}
    assert record["path"] in {MASK, f"/u/{MASK}"}
