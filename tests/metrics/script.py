"""Checks of all kinds, and what each of them is to be counted as."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

from sidecar.core import base64url
from sidecar.demo.workspace import AUDIENCE, ISSUER, Workspace
from sidecar.memory.labelled_layout import Labels
from support.requests import check_request, with_token

OTHER_ISSUER = "https://partner.example"
#: As long as a policy's name may be; the label is cut.
LONG = "p" * 317
CONFIGURATION = f"""\
listen: {{listen}}
servers: 2
verification_workers: 1
probe: {{listen: "127.0.0.1:0"}}
shutdown_grace_seconds: 4
shared_memory_size: 1MiB
issuers:
  - {{issuer: "{ISSUER}", audiences: [{AUDIENCE}], keys: {{file: jwks.json}}}}
  - {{issuer: "{OTHER_ISSUER}", audiences: [{AUDIENCE}], keys: {{file: jwks.json}}}}
public: [{{paths: [/public/*], methods: [GET]}}]
policies:
  - {{name: suspended, action: deny, rules: [{{when: [{{key: "request.auth.claims[tenant]", values: [gone]}}]}}]}}
  - {{name: read, action: allow, rules: [{{to: [{{operation: {{methods: [GET], paths: [/orders/*]}}}}]}}]}}
  - name: write
    action: allow
    scopes: ["orders:write"]
    rules: [{{to: [{{operation: {{methods: [POST], paths: [/orders/*]}}}}]}}]
  - name: {LONG}
    action: allow
    rules:
      - to: [{{operation: {{methods: [PUT], paths: [/orders/*]}}}}]
        when: [{{key: "request.headers[x-kind]", values: [batch]}}]
"""


@dataclass(frozen=True, slots=True)
class Item:
    """One check: the request, and what it is to be counted as."""

    raw: bytes
    labels: Labels


_Make = Callable[[], Item]


def script(workspace: Workspace, length: int) -> Iterator[Item]:
    """Give so many checks of all kinds, in turn: known tokens more often than others, as everywhere."""
    known = _known(workspace)
    turns = [*known * 4, *_refused(workspace), *_new(workspace)]
    return (turns[number % len(turns)]() for number in range(length))


def _known(workspace: Workspace) -> list[_Make]:
    """Return those whose tokens come again and again."""
    ours, others = workspace.token(), workspace.token(iss=OTHER_ISSUER)
    gone = workspace.token(tenant="gone")
    writer = workspace.token(scope="orders:write")
    made = [
        Item(with_token(ours, path="/orders/1"), ("allowed", "allowed", ISSUER, "read")),
        Item(with_token(others, path="/orders/1"), ("allowed", "allowed", OTHER_ISSUER, "read")),
        Item(with_token(writer, path="/orders/1", method="POST"), ("allowed", "allowed", ISSUER, "write")),
        # What looks at a header is decided anew each time.
        Item(
            with_token(ours, path="/orders/1", method="PUT", headers={"x-kind": "batch"}),
            ("allowed", "allowed", ISSUER, LONG),
        ),
        Item(with_token(gone, path="/orders/1"), ("denied", "denied_by_policy", ISSUER, "suspended")),
        Item(with_token(ours, path="/orders/1", method="POST"), ("denied", "insufficient_scope", ISSUER, "write")),
        Item(with_token(others, path="/orders/1", method="DELETE"), ("denied", "no_policy_allows", OTHER_ISSUER, "")),
        Item(check_request(path="/public/1"), ("allowed", "public_path", "", "")),
    ]
    return [lambda item=item: item for item in made]  # type: ignore[misc]  # mypy infers no default of a lambda


def _refused(workspace: Workspace) -> list[_Make]:
    """Return those that are refused, the same each time; what is refused for good is remembered."""
    expired = workspace.token(iss=OTHER_ISSUER, exp=1)
    forged = f"{workspace.token().rpartition('.')[0]}.{base64url.encode(bytes(64)).decode()}"
    stranger, elsewhere = workspace.token(workspace.stranger), workspace.token(aud="elsewhere")
    made = [
        Item(with_token(expired, peer="10.255.0.1"), ("denied", "token_expired", OTHER_ISSUER, "")),
        Item(with_token(forged, peer="10.255.1.1"), ("denied", "bad_signature", ISSUER, "")),
        Item(with_token(stranger, peer="10.255.2.1"), ("denied", "unknown_key", ISSUER, "")),
        Item(with_token(elsewhere, peer="10.255.3.1"), ("denied", "wrong_audience", ISSUER, "")),
        Item(with_token("not.a.token"), ("denied", "token_malformed", "", "")),
        Item(check_request(), ("denied", "no_credential", "", "")),
        Item(with_token(workspace.token(), path="/orders/../1"), ("denied", "path_not_normal", "", "")),
        Item(b"\xff\xff", ("denied", "unreadable_request", "", "")),
    ]
    return [lambda item=item: item for item in made]  # type: ignore[misc]  # as above


def _new(workspace: Workspace) -> list[_Make]:
    """Return those whose tokens nobody has seen before, each from another address."""
    numbers = count()

    def item(labels: Labels, path: str = "/orders/1", issuer: str = ISSUER) -> Item:
        number = next(numbers)
        token = workspace.token(iss=issuer, jti=f"{secrets.token_hex(8)}-{number}")
        peer = f"10.{number >> 8 & 127}.{number & 255}.1"
        return Item(with_token(token, path=path, peer=peer), labels)

    return [
        lambda: item(("allowed", "allowed", ISSUER, "read")),
        lambda: item(("allowed", "allowed", OTHER_ISSUER, "read"), issuer=OTHER_ISSUER),
        # Nobody makes a series by what is in a token.
        lambda: item(("denied", "unknown_issuer", "", ""), issuer=f"https://{secrets.token_hex(8)}.example"),
        lambda: item(("denied", "no_policy_allows", ISSUER, ""), path=f"/{secrets.token_hex(4)}"),
    ]
