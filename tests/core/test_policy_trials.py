"""Policies that decide nothing: audits, dry runs, and those that are enforced for some."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.decision import Denial, Permit, Trial
from sidecar.core.reason import Reason
from support.decisions import admit_without_identity, evaluate
from support.identities import identity
from support.requests import request
from support.trusts import policy_set

_DENIED = Trial(allowed=False, reason=Reason.DENIED_BY_POLICY, policy="p", rule=1)
_ALL = {"name": "all", "action": "allow", "rules": [{}]}


def _policy(action: str, name: str = "p", **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
    return {"name": name, "action": action, "rules": [{"to": [{"operation": {"paths": ["/a"]}}]}], **fields}


def _decide(*policies: dict[str, Any], path: str = "/a", subject: str = "alice") -> Permit | Denial:
    return evaluate(policy_set(policies), request(path=path), identity(sub=subject))


def test_audits_decide_nothing() -> None:
    """Those that match are named, each once, in what was decided without them."""
    audits = [_policy("audit", "one"), _policy("audit", "two"), _policy("audit", "three", rules=[{}, {}])]
    names = ("one", "two", "three")
    assert _decide(*audits, _ALL) == Permit(Reason.ALLOWED, identity(sub="alice"), "all", names, rule=1)
    assert _decide(*audits, _ALL, path="/b").audited == ("three",)
    assert _decide(*audits) == Denial(Reason.NO_POLICY_ALLOWS, audited=names)
    assert _decide(_ALL).audited == ()


def test_audits_on_public_paths() -> None:
    """They see a request without a token, too."""
    policies = policy_set([_policy("audit")], public=[{"paths": ["/a"]}])
    assert admit_without_identity(policies, request(path="/a")) == Permit(Reason.PUBLIC_PATH, None, None, ("p",))


def test_a_denial_in_dry_run() -> None:
    """It is told what would have been denied, and who denies is named."""
    decision = _decide(_policy("deny", dry_run=True), _ALL)
    assert decision == Permit(
        Reason.ALLOWED,
        identity(sub="alice"),
        "all",
        trial=_DENIED,
        rule=1,
    )
    assert _decide(_policy("deny", dry_run=True), _ALL, path="/b").trial is None


def test_an_allow_policy_in_dry_run() -> None:
    """It lets nobody in."""
    decision = _decide(_policy("allow", dry_run=True))
    would = Trial(allowed=True, reason=Reason.ALLOWED, policy="p", rule=1)
    assert decision == Denial(Reason.NO_POLICY_ALLOWS, trial=would)
    other = _decide(_policy("allow", dry_run=True), _ALL)
    assert (other.policy, other.trial) == ("all", would)
    assert _decide(_ALL, _policy("allow", dry_run=True)).trial is None


def test_a_public_path_in_dry_run() -> None:
    """A deny policy in dry run closes nothing, and says so."""
    policies = policy_set([_policy("deny", dry_run=True)], public=[{"paths": ["/a"]}])
    decision = admit_without_identity(policies, request(path="/a"))
    assert decision == Permit(Reason.PUBLIC_PATH, None, None, trial=_DENIED)


@given(st.text(min_size=1, max_size=20), st.floats(0, 100))
def test_percent(subject: str, percent: float) -> None:
    """A subject for whom it is enforced stays so: each time, and with every larger share."""
    policies = [_policy("deny", enforce_percent=percent), _ALL]
    enforced = isinstance(_decide(*policies, subject=subject), Denial)
    assert isinstance(_decide(*policies, subject=subject), Denial) is enforced
    assert enforced is (_decide(*policies, subject=subject).trial is None)
    if enforced:
        assert isinstance(_decide(_policy("deny", enforce_percent=100.0), _ALL, subject=subject), Denial)
        assert percent > 0


def test_the_share() -> None:
    """Of many subjects it is about that many, and others for another policy."""
    denied: dict[str, set[str]] = {}
    for name in ("one", "two"):
        policies = [_policy("deny", name, enforce_percent=30.0), _ALL]
        subjects = [f"subject-{number}" for number in range(2000)]
        denied[name] = {one for one in subjects if isinstance(_decide(*policies, subject=one), Denial)}
        assert 480 < len(denied[name]) < 720
    assert denied["one"] != denied["two"]
    assert 100 < len(denied["one"] & denied["two"]) < 260


def test_without_a_token_the_address_decides() -> None:
    """On a public path there is no subject."""
    policies = policy_set([_policy("deny", enforce_percent=50.0)], public=[{"paths": ["/a"]}])
    seen = {
        peer: isinstance(admit_without_identity(policies, request(path="/a", peer=peer)), Denial)
        for peer in (f"10.0.0.{number}" for number in range(50))
    }
    assert set(seen.values()) == {True, False}
    assert all(
        isinstance(admit_without_identity(policies, request(path="/a", peer=peer)), Denial) is denied
        for peer, denied in seen.items()
    )
