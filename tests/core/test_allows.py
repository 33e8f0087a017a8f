"""What goes to Envoy with an allow: metadata, and the token or not."""

from typing import Any

import pytest

from sidecar.core.trust import Trust
from support.answers import Answer
from support.checks import decide
from support.requests import check_request, with_token
from support.tokens import ABSENT, ISSUER, claims, forge_payload, mint
from support.trusts import ALLOW_ALL, issuer, policy_set, trust


def _trust(**response: Any) -> Trust:  # noqa: ANN401 - response settings
    policies = policy_set(ALLOW_ALL, public=[{"paths": ["/public"]}])
    return trust(policies, [issuer(required_claims=frozenset())], **response)


def _metadata(names: tuple[str, ...], **changes: object) -> dict[str, Any]:
    return decide(with_token(forge_payload(claims(**changes))), _trust(metadata_claims=names)).metadata


def test_who_and_why() -> None:
    """Metadata has the decision, its reason and policy, and who the token speaks for."""
    expected = {"decision": "allow", "reason": "allowed", "policy": "all", "issuer": ISSUER, "subject": "alice"}
    assert _metadata(()) == expected
    without = {name: value for name, value in expected.items() if name != "subject"}
    assert _metadata((), sub=ABSENT) == without


def test_public() -> None:
    """Metadata of a public path names nobody."""
    assert decide(check_request(path="/public"), _trust(metadata_claims=("*",))).metadata == {
        "decision": "allow",
        "reason": "public_path",
    }


def test_chosen_claims() -> None:
    """Only the claims that were chosen are in the metadata, and only where the token has them."""
    assert _metadata(("group", "other"), group=["a"], secret="s")["claims"] == {"group": ["a"]}


@pytest.mark.parametrize(
    "value",
    ["", "é\n\0", 0, -1.5, 2**53 - 1, True, None, [], {}, [[], {}], {"": ""}, {"a": [1, "b", None, {"c": False}]}],
    ids=lambda value: repr(value)[:20],
)
def test_all_claims(value: object) -> None:
    """With ``*`` every claim is there, of any shape that JSON has."""
    assert _metadata(("*",), data=value)["claims"] == claims(data=value)


def _authorization(answer: Answer) -> int:
    return answer.removed.count("authorization")


def test_token_goes_upstream() -> None:
    """By default the upstream gets the token."""
    assert _authorization(decide(with_token(mint()), _trust())) == 0


def test_token_does_not_go_upstream() -> None:
    """With ``forward_token`` off it is removed, once."""
    assert _authorization(decide(with_token(mint()), _trust(forward_token=False))) == 1


def test_no_credential_goes_upstream_from_a_public_path() -> None:
    """With ``forward_token`` off the upstream never gets the Authorization header, as the setting says."""
    raw = with_token(mint(), path="/public")
    assert _authorization(decide(raw, _trust(forward_token=False))) == 1
