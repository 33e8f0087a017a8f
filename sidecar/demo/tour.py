"""The tour: requests a client might send, and the answer each must get."""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from sidecar.core.reason import Reason
from sidecar.demo.client import Answer, Call
from sidecar.demo.workspace import Workspace
from sidecar.keys.signing import SigningKey

_SUBJECT, _TENANT = "x-auth-subject", "x-auth-tenant"


@dataclass(frozen=True, slots=True)
class Stop:
    """One request of the tour and what must come of it.

    ``reason`` is ``None`` where the request must pass; ``upstream`` then says what the upstream must have seen of each
    header: its one value, or ``None`` for no such header.
    """

    name: str
    call: Call
    status: int
    reason: Reason | None = None
    upstream: Mapping[str, str | None] = field(default_factory=dict)

    def is_as_expected(self, answer: Answer) -> bool:
        """Say whether ``answer`` is the one that must come."""
        if answer.status != self.status:
            return False
        if self.reason is not None:
            return answer.reason == self.reason and answer.upstream_headers is None
        return all(seen(answer, name) == ([] if value is None else [value]) for name, value in self.upstream.items())


def seen(answer: Answer, header: str) -> list[str]:
    """Return every value of ``header`` that reached the upstream."""
    return [value for name, value in answer.upstream_headers or () if name == header]


def tour(workspace: Workspace) -> list[Stop]:
    """Return the stops of the tour, with fresh tokens."""
    return [*_good(workspace), *_bad_tokens(workspace), *_policy(workspace), *_tricks(workspace)]


def _get(path: str, token: str | None = None, *headers: tuple[str, str], method: str = "GET") -> Call:
    authorization = (("authorization", f"Bearer {token}"),) if token else ()
    return Call(method, path, (*authorization, *headers))


def _good(workspace: Workspace) -> list[Stop]:
    alice = {_SUBJECT: "alice", _TENANT: "acme", "x-auth-scopes": "orders:read"}
    nobody = dict.fromkeys((_SUBJECT, _TENANT))
    preflight = (("origin", "https://app.example"), ("access-control-request-method", "GET"))
    return [
        Stop("good token", _get("/orders/1", workspace.token()), 200, upstream=alice),
        Stop("public path, no token", _get("/public/logo.svg"), 200, upstream=nobody),
        Stop("CORS preflight", _get("/orders/1", None, *preflight, method="OPTIONS"), 200, upstream=nobody),
    ]


def _bad_tokens(workspace: Workspace) -> list[Stop]:
    now = int(time.time())
    good = workspace.token()
    unknown = SigningKey("another-key", workspace.key.private)
    tokens = {
        "expired": (workspace.token(iat=now - 7200, exp=now - 3600), Reason.TOKEN_EXPIRED),
        "not yet valid": (workspace.token(nbf=now + 3600, exp=now + 7200), Reason.TOKEN_NOT_YET_VALID),
        "wrong audience": (workspace.token(aud="billing"), Reason.WRONG_AUDIENCE),
        "wrong issuer": (workspace.token(iss="https://idp.evil.example"), Reason.UNKNOWN_ISSUER),
        "tampered payload": (_with_claim(good, "sub", "root"), Reason.BAD_SIGNATURE),
        "tampered signature": (_with_other_signature(good), Reason.BAD_SIGNATURE),
        "alg: none": (_without_signature(good), Reason.ALGORITHM_NOT_ALLOWED),
        "unknown kid": (workspace.token(unknown), Reason.UNKNOWN_KEY),
    }
    denied = [Stop(name, _get("/orders/1", token), 401, reason) for name, (token, reason) in tokens.items()]
    return [Stop("no token", _get("/orders/1"), 401, Reason.NO_CREDENTIAL), *denied]


def _policy(workspace: Workspace) -> list[Stop]:
    token = workspace.token()
    writer = workspace.token(scope="orders:read orders:write")
    return [
        Stop("forbidden path", _get("/admin", token), 403, Reason.NO_POLICY_ALLOWS),
        Stop("scope missing", _get("/orders/1", token, method="POST"), 403, Reason.INSUFFICIENT_SCOPE),
        Stop("scope there", _get("/orders/1", writer, method="POST"), 200, upstream={_SUBJECT: "alice"}),
        Stop("deny policy", _get("/orders/1", workspace.token(tenant="suspended")), 403, Reason.DENIED_BY_POLICY),
    ]


def _tricks(workspace: Workspace) -> list[Stop]:
    token = workspace.token()
    forged = (_SUBJECT, "root")
    second = ("authorization", f"Bearer {token}")
    return [
        Stop("own identity header", _get("/orders/1", token, forged, forged), 200, upstream={_SUBJECT: "alice"}),
        Stop("own identity header, public", _get("/public/a", None, forged), 200, upstream={_SUBJECT: None}),
        Stop("two tokens", _get("/orders/1", token, second), 400, Reason.SEVERAL_CREDENTIALS),
        Stop("path trick", _get("/public/../admin", token), 400, Reason.PATH_NOT_NORMAL),
    ]


def _with_claim(token: str, name: str, value: str) -> str:
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return f"{header}.{_encode({**claims, name: value})}.{signature}"


def _with_other_signature(token: str) -> str:
    body, _, signature = token.rpartition(".")
    first = "A" if signature[0] != "A" else "B"
    return f"{body}.{first}{signature[1:]}"


def _without_signature(token: str) -> str:
    return f"{_encode({'alg': 'none', 'typ': 'JWT'})}.{token.split('.')[1]}."


def _encode(document: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()
