"""The rules for method and authority that Envoy's routes carry, beside what the sidecar itself takes."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sidecar.core.authority import host_forms
from sidecar.core.reason import Refusal
from sidecar.envoy_config.normal_form import AUTHORITY, METHOD, Rule
from support.requests import request

#: Pieces from which a random authority is likely to touch the rule.
_PIECES = [
    *(
        "a",
        "B",
        "0",
        "-",
        "_",
        ".",
        ":",
        "[",
        "]",
        "@",
        ",",
        "%",
        " ",
        "/",
        "app",
        "example",
        "80",
        "65536",
        "127",
        "::",
    ),
    *("0x7f", "[::1]", "\n", "\xe9"),
]

#: What Envoy leaves to the sidecar: it takes arithmetic, which expressions are no good at.
_ONLY_THE_SIDECAR_REFUSES = ["app:65536", "app:99999", "127.1", "0x7f.1", "2130706433", "127.0.0.256", "[:::]", "[.]"]


def _passes(rule: Rule, value: str) -> bool:
    return re.fullmatch(rule.pattern, value) is not None


def _sidecar_takes_method(method: str) -> bool:
    try:
        request(method=method)
    except Refusal:
        return False
    return True


@given(st.lists(st.sampled_from(_PIECES), max_size=6).map("".join))
@example("app.:80")
@example("app\n")
def test_sidecar_refuses_every_authority_that_envoy_refuses(authority: str) -> None:
    """Envoy never answers with its own refusal what the sidecar would have let in."""
    assert _passes(AUTHORITY, authority) or host_forms(authority) == ()


@pytest.mark.parametrize("authority", _ONLY_THE_SIDECAR_REFUSES)
def test_what_envoy_leaves_to_the_sidecar(authority: str) -> None:
    """The authorities that pass Envoy's rule and have no form for the sidecar are of these kinds."""
    assert _passes(AUTHORITY, authority)
    assert host_forms(authority) == ()


@given(st.text(alphabet="AZaz09_-.~ %\n\xe9", max_size=5))
@example("GET")
@example("GET\n")
def test_method_agrees_with_the_sidecar(method: str) -> None:
    """Envoy's rule and the sidecar refuse exactly the same methods."""
    assert _passes(METHOD, method) is _sidecar_takes_method(method)
