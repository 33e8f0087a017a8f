"""Numbers as people read them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.status import wording
from sidecar.status.view import UNKNOWN


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (wording.count(12_345), "12,345"),
        (wording.rate(0.0), "0/s"),
        (wording.rate(0.004), "<0.01/s"),
        (wording.rate(1.234), "1.23/s"),
        (wording.rate(9.996), "10.0/s"),
        (wording.rate(12_345.6), "12,346/s"),
        (wording.share(0.0), "0%"),
        (wording.share(0.0004), "<0.1%"),
        (wording.share(0.5), "50.0%"),
        (wording.share(0.99996), ">99.9%"),
        (wording.share(1.0), "100%"),
        (wording.duration(0.0), "0"),
        (wording.duration(12.5e-6), "12.5 µs"),
        (wording.duration(0.9999e-3), "1.00 ms"),
        (wording.duration(0.25), "250 ms"),
        (wording.duration(2.0), "2.00 s"),
        (wording.span(0.4), "0 s"),
        (wording.span(59.9), "59 s"),
        (wording.span(725.0), "12 min 5 s"),
        (wording.span(11_520.0), "3 h 12 min"),
        (wording.span(86_400.0 * 1_234), "1,234 d"),
        (wording.span(-7_200.0), "-2 h"),
        (wording.size(1_023), "1023 B"),
        (wording.size(50_331_648), "48.0 MiB"),
        (wording.size(1_048_000), "1.00 MiB"),
        (wording.moment(0.0), "1970-01-01 00:00:00Z"),
        (wording.of_unit(0.42, "CPUs"), "0.42 CPUs"),
        (wording.of_unit(3.0, "restarts"), "3.00 restarts"),
    ],
)
def test_words(said: str, expected: str) -> None:
    """Each has the digits that matter, and its unit."""
    assert said == expected


@pytest.mark.parametrize(
    "said",
    [
        *(wording.count(None), wording.rate(None), wording.share(None), wording.duration(None), wording.span(None)),
        *(wording.size(None), wording.cpus(None), wording.of_unit(None, "s"), wording.moment(math.inf)),
        *(wording.share(math.nan), wording.duration(math.inf), wording.span(math.inf)),
    ],
)
def test_unknown_is_not_zero(said: str) -> None:
    """What is not known, or no number, is told as such."""
    assert said == UNKNOWN


@given(st.floats(min_value=0, max_value=1, exclude_min=True, exclude_max=True))
def test_share_is_never_told_as_none_or_all(value: float) -> None:
    """A share that is neither 0 nor 1 does not look like it."""
    assert wording.share(value) not in {"0%", "100%", "0.0%", "100.0%"}


@given(st.floats(min_value=1e-6, max_value=1e9), st.floats(min_value=1.0, max_value=1.02))
def test_units_change_where_they_should(seconds: float, more: float) -> None:
    """No duration has a number of four digits with a smaller unit than it could have."""
    number, _, unit = wording.duration(seconds * more).partition(" ")
    assert unit == "s" or float(number.replace(",", "").replace("<", "")) < 1_000
