"""Which format the metrics are asked for in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.http.accept import asks_for_openmetrics

_NAME = "application/openmetrics-text"
_TEXTS = "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"


@pytest.mark.parametrize(
    "accept",
    [
        # Prometheus 2.42 and 3.5, and the latter where it prefers a format that we do not have.
        [f"{_NAME};version=1.0.0,{_NAME};version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"],
        [f"{_NAME};version=1.0.0;escaping=allow-utf-8;q=0.5,{_NAME};version=0.0.1;q=0.4", _TEXTS],
        [f"application/vnd.google.protobuf;encoding=delimited;q=0.6,{_NAME};version=1.0.0;q=0.5,{_TEXTS}"],
        [_NAME],
        [f' {_NAME.upper()} ; VERSION="1.0.0" '],
        ["text/html", _NAME],
        [f"{_NAME};version=1.0.0;q=0.5, text/plain;q=0.5"],
        [f"{_NAME};version=2.0.0,{_NAME};version=1.0.0;q=0.9"],
        [f"{_NAME};q=7"],
    ],
)
def test_asked_for(accept: list[str]) -> None:
    """By its name, at least as much as for the other."""
    assert asks_for_openmetrics(accept)


@pytest.mark.parametrize(
    "accept",
    [
        [],
        [""],
        ["*/*"],
        ["application/*"],
        ["text/plain"],
        ["text/html,application/xhtml+xml,*/*;q=0.8"],
        [f"{_NAME};q=0"],
        [f"{_NAME};q=0.000"],
        [f"{_NAME};q=-1"],
        [f"{_NAME};q=nan"],
        [f"{_NAME};q=inf"],
        [f"{_NAME};q=1e9"],
        [f"{_NAME};q=\u0661"],
        [f"{_NAME};q="],
        [f"{_NAME};version=2.0.0"],
        [f"{_NAME};q=0.4,text/plain;q=0.5"],
        [f"{_NAME}-and-more"],
        [",".join(["a/b"] * 40) + f",{_NAME}"],
    ],
)
def test_not_asked_for(accept: list[str]) -> None:
    """Not at all, less than for the other, in a version that we do not have, or in words that say nothing."""
    assert not asks_for_openmetrics(accept)


@given(st.lists(st.text() | st.text(alphabet=f'{_NAME};,=qversion01." ')))
def test_anything_may_be_sent(accept: list[str]) -> None:
    """Whatever is in the header, there is an answer."""
    assert asks_for_openmetrics(accept) in (True, False)
