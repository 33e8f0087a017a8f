"""Kubernetes' TokenReview (authentication.k8s.io/v1) as a kind of introspection: asked in its words, answered in ours.

A service account's token is a JWT that its cluster's keys verify too. Asking tells more: whether the pod and the
account that it was given to are still there.
"""

import json
from collections.abc import Mapping, Sequence

from sidecar.core.strict_json import Json, JsonError, loads_object

_INACTIVE = b'{"active":false}'


def review_of(token: str, audiences: Sequence[str]) -> Mapping[str, object]:
    """Return the question."""
    spec = {"token": token, "audiences": list(audiences)}
    return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec}


def answer_of_review(body: bytes) -> bytes:
    """Return what RFC 7662 would call it; raises ``ValueError`` for what is no TokenReview with a status."""
    try:
        review = loads_object(body)
    except JsonError as error:
        raise ValueError(str(error)) from None
    status = review.get("status")
    if review.get("kind") != "TokenReview" or not isinstance(status, dict):
        raise ValueError("no TokenReview with a status")
    if status.get("authenticated") is not True:
        return _INACTIVE
    user = status.get("user")
    if not isinstance(user, dict) or not isinstance(user.get("username"), str):
        raise ValueError("a TokenReview without a user's name")  # noqa: TRY004 - the same
    claims: dict[str, Json] = {"active": True, "sub": user["username"], "aud": status.get("audiences") or []}
    claims |= {name: user[name] for name in ("uid", "groups", "extra") if name in user}
    return json.dumps(claims).encode()
