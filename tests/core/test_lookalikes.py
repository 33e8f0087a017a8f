"""Headers that an upstream may mistake for an identity header (CVE-2015-0219) are removed."""

import pytest

from sidecar.core.headers import SentRemovals
from support.checks import decide
from support.requests import check_request, with_token
from support.tokens import mint
from support.trusts import ALLOW_ALL, policy_set, response_settings, trust


@pytest.mark.parametrize(
    "name", ["x_auth_subject", "x_auth-subject", "x-auth_subject", "x_auth_issuer", "x_auth_scopes"]
)
@pytest.mark.parametrize("path", ["/public", "/a"])
def test_removed(path: str, name: str) -> None:
    """A name that differs from an identity header by ``_`` for ``-`` is removed, with and without identity."""
    public = trust(policy_set(ALLOW_ALL, public=[{"paths": ["/public"]}]))
    answer = decide(with_token(mint(), path=path, headers={name: "attacker"}), public)
    assert answer.allowed
    assert answer.removed.count(name) == 1


@pytest.mark.parametrize(
    "name", ["x_auth_subject2", "x_auth", "auth_subject", "x-auth-subject", "x__auth_subject", "_"]
)
def test_kept(name: str) -> None:
    """Other names, with or without underscore, are not touched."""
    assert name not in SentRemovals(response_settings()).of([name])


def test_in_raw_headers() -> None:
    """They are found in ``header_map`` as well, once even if sent twice."""
    headers = [("x_auth_subject", b"a"), ("x_auth_subject", b"\xff")]
    public = trust(policy_set(public=[{"paths": ["/*"]}]))
    assert decide(check_request(header_map=headers), public).removed.count("x_auth_subject") == 1


@pytest.mark.parametrize("name", ["x_http_method_override", "x.original.url", "x_rewrite-url"])
def test_look_alikes_of_override_headers(name: str) -> None:
    """A name that an upstream folds into a header that overrides method or path is removed."""
    assert name in decide(with_token(mint(), headers={name: "DELETE"}), trust()).removed
    kept = trust(strip_override_headers=False)
    assert name not in decide(with_token(mint(), headers={name: "DELETE"}), kept).removed
