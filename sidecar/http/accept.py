"""Which format of the metrics a caller asks for, by the Accept header (RFC 9110, section 12.5.1) as scrapers send it.

    application/openmetrics-text;version=1.0.0;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,
    text/plain;version=0.0.4;q=0.3,*/*;q=0.2

Prometheus' text format is what everybody gets who does not ask for OpenMetrics by name, and like it at least as well.
Whatever else the header says, and however it is broken, that is no reason not to answer.
"""

from collections.abc import Iterable
from typing import NamedTuple

_OPENMETRICS = "application/openmetrics-text"
#: Versions that are as good as ours to who asks for them: 0.0.1 is a draft of it.
_OPENMETRICS_VERSIONS = frozenset(("", "1.0.0", "0.0.1"))
_TEXT = "text/plain"
#: Ranges that are looked at: nobody sends more.
_MOST = 32


class _Range(NamedTuple):
    media: str
    version: str
    quality: float


def asks_for_openmetrics(accept: Iterable[str]) -> bool:
    """Say whether who sent these Accept headers is to get OpenMetrics, in version 1.0.0."""
    ranges = [_range(one) for one in ",".join(accept).split(",")[:_MOST]]
    wanted = max((one.quality for one in ranges if _is_openmetrics(one)), default=0.0)
    plain = max((one.quality for one in ranges if one.media == _TEXT), default=0.0)
    return 0.0 < wanted >= plain


def _is_openmetrics(one: _Range) -> bool:
    return one.media == _OPENMETRICS and one.version in _OPENMETRICS_VERSIONS


def _range(text: str) -> _Range:
    media, *parameters = (part.strip().lower() for part in text.split(";"))
    named = dict(part.split("=", 1) for part in parameters if "=" in part)
    return _Range(media, named.get("version", "").strip('"'), _quality(named.get("q", "1")))


def _quality(text: str) -> float:
    """Return a weight: from 0 to 1, with three digits at most; 0 for what is none."""
    digits = text.replace(".", "", 1)
    return min(float(text), 1.0) if digits.isascii() and digits.isdigit() else 0.0
