"""Kubernetes' TokenReview against a server that answers as the API server does."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from introspection.test_introspector import need
from sidecar.core.introspected import believe_answer
from sidecar.core.introspection import Client, Reference
from sidecar.core.reason import Reason, Refusal
from sidecar.introspection.introspector import Introspector
from sidecar.introspection.token_review import answer_of_review
from sidecar.settings.introspection import TokenReviewSettings
from support.issuers import says, serving_issuer
from support.tokens import AUDIENCE, NOW
from support.trusts import issuer

USER = {"username": "system:serviceaccount:shop:orders", "uid": "1", "groups": ["system:serviceaccounts"]}
CLIENT = Client("bearer", "", Reference("file", "secret.txt"))


def review(**status: object) -> dict[str, object]:
    """Return a review with this status."""
    return {"kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1", "status": status}


def test_question_and_answer(tmp_path: Path) -> None:
    """The API server is asked with our own token about another one and our audience."""

    async def test() -> None:
        async with serving_issuer(tmp_path) as server:
            server.behaviour = says(review(authenticated=True, user=USER, audiences=[AUDIENCE]), 201)
            introspector = Introspector(tmp_path)
            asks = server.introspection(
                kind="token_review", audiences=(AUDIENCE,), client=CLIENT, optional=frozenset({"exp"})
            )
            answer = await introspector.introspect(need(asks))
            await introspector.close()
            asked = server.asked[0]
            assert asked.form["spec"] == {"token": "opaque-token", "audiences": [AUDIENCE]}
            assert asked.headers["authorization"] == "Bearer s3cret with spaces+"
            identity = believe_answer(answer.body, issuer([], introspection=asks), asks, NOW)
            assert identity.subject == "system:serviceaccount:shop:orders"
            assert identity.claims["groups"] == ["system:serviceaccounts"]

    asyncio.run(asyncio.wait_for(test(), 60))


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({"authenticated": False, "error": "expired"}, Reason.TOKEN_INACTIVE),
        ({"authenticated": "true", "user": USER, "audiences": [AUDIENCE]}, Reason.TOKEN_INACTIVE),
        ({}, Reason.TOKEN_INACTIVE),
        ({"authenticated": True, "user": USER, "audiences": ["other"]}, Reason.WRONG_AUDIENCE),
        ({"authenticated": True, "user": USER}, Reason.WRONG_AUDIENCE),
    ],
)
def test_who_is_not_let_in(status: Mapping[str, Any], reason: Reason) -> None:
    """Whoever is not authenticated, or not for our audience: an API server that knows no audiences says none."""
    asks = TokenReviewSettings.model_validate({}).introspection((AUDIENCE,))
    body = answer_of_review(json.dumps(review(**status)).encode())
    with pytest.raises(Refusal) as refused:
        believe_answer(body, issuer([], introspection=asks), asks, NOW)
    assert refused.value.reason is reason


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"kind": "Status", "status": "Failure"}',
        b'{"kind": "TokenReview"}',
        b'{"kind": "Other", "status": {"authenticated": true}}',
        b'{"kind": "TokenReview", "status": {"authenticated": true}}',
        b'{"kind": "TokenReview", "status": {"authenticated": true, "user": {"username": 5}}}',
    ],
)
def test_what_is_no_review(body: bytes) -> None:
    """What is no review with a status is no answer."""
    with pytest.raises(ValueError, match=r".+"):
        answer_of_review(body)
