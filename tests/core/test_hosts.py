"""The forms of an authority that a host pattern may match."""

import pytest

from sidecar.core.authority import host_forms
from support.checks import decide
from support.requests import with_token
from support.tokens import mint
from support.trusts import ALLOW_ALL, policy_set, trust

_DENY_ADMIN = trust(
    policy_set(
        [{"name": "no", "action": "deny", "rules": [{"to": [{"operation": {"hosts": ["admin.example"]}}]}]}, *ALLOW_ALL]
    )
)


@pytest.mark.parametrize(
    ("authority", "forms"),
    [
        ("a.example", {"a.example"}),
        ("A.Example", {"a.example"}),
        ("a.example:80", {"a.example:80", "a.example"}),
        ("a.example.", {"a.example"}),
        ("a.example.:80", {"a.example", "a.example:80"}),
        ("[::1]", {"[::1]"}),
        ("[0:0::1]:80", {"[::1]:80", "[::1]"}),
        ("[::ffff:10.0.0.1]", {"[::ffff:10.0.0.1]"}),
        ("[::FFFF:0a00:1]:80", {"[::ffff:10.0.0.1]", "[::ffff:10.0.0.1]:80"}),
        ("10.0.0.1:80", {"10.0.0.1:80", "10.0.0.1"}),
    ],
)
def test_forms(authority: str, forms: set[str]) -> None:
    """An authority is matched bare of case, port and closing dot, and with its port."""
    assert set(host_forms(authority)) == forms


_OTHER_SPELLINGS = ["x@admin.example", "x:y@admin.example:1", "admin.example:", "admin.example.:", "admin.example.."]
_MORE_SPELLINGS = ["adm%69n.example", "admin.example,x", "x,admin.example", " admin.example", "admin.example:080"]


@pytest.mark.parametrize("authority", ["admin.example", "ADMIN.example", "admin.example:8443", "admin.example."])
def test_spellings_that_are_denied(authority: str) -> None:
    """A denied host is denied in every normal spelling."""
    assert decide(with_token(mint(), host=authority), _DENY_ADMIN).reason == "denied_by_policy"


@pytest.mark.parametrize(
    "authority", [*_OTHER_SPELLINGS, *_MORE_SPELLINGS, "admin.example\t", "admin.example:99999", ""]
)
def test_spellings_that_are_not_normal(authority: str) -> None:
    """An authority that some server may read as a denied host, and another not, is refused before policy."""
    answer = decide(with_token(mint(), host=authority), _DENY_ADMIN)
    assert (answer.allowed, answer.reason) == (False, "host_not_normal")


@pytest.mark.parametrize(
    "authority", ["127.1", "0x7f.1", "2130706433", "127.0.0.01", "[::1", "::1", "[::1]x", "é.example"]
)
def test_odd_addresses(authority: str) -> None:
    """An address in another spelling than the usual, and a name that is not ASCII, have no form."""
    assert host_forms(authority) == ()


def test_other_hosts_pass() -> None:
    """The deny policy of these tests does not deny everything."""
    assert decide(with_token(mint(), host="admin.example.org"), _DENY_ADMIN).allowed


def test_userinfo_is_no_host() -> None:
    """A host that is allowed by prefix is not allowed as the userinfo of another."""
    rules = [{"to": [{"operation": {"hosts": ["good.*"]}}]}]
    only_good = trust(policy_set([{"name": "good", "action": "allow", "rules": rules}]))
    assert decide(with_token(mint(), host="good.example"), only_good).allowed
    assert not decide(with_token(mint(), host="good.x@evil.example"), only_good).allowed
