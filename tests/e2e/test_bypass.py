"""The bypass table (tests/e2e/bypass), through the real Envoy: nothing of it gets through to what a policy protects."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pytest

from sidecar.core.headers_read import OVERRIDE_HEADERS
from sidecar.demo.stack import Stack
from support import server_readings
from support.bypass import (
    FOLDER,
    Attempt,
    Guard,
    Trick,
    anything,
    arriving,
    at,
    differs,
    filled,
    for_host,
    got_through,
    has_value,
    is_method,
    outside,
    rows,
)
from support.raw_upstream import RawUpstream, Seen
from support.stacks import running_stack

_IDENTITY = {"x-auth-subject": "alice", "x-auth-scopes": "orders:read", "x-auth-tenant": "acme"}


def _is_forged(seen: Seen) -> bool:
    if any(server_readings.values(seen.fields, name) != {value} for name, value in _IDENTITY.items()):
        return True
    unwanted = ("x-envoy-auth-failure-mode-allowed", "x-envoy-original-path", *OVERRIDE_HEADERS)
    return any(server_readings.values(seen.fields, name) for name in unwanted)


_API, _ADMIN_HOSTS = "api.example.com", ("admin.example", "*.corp.example", "2001:db8::1", "xn--bcher-kva.example")
_ALLOWED = outside("/orders/", "/public/")
#: Group -> the guards that its tricks are tried on; those of deny.yaml and of allow.yaml.
DENY: Mapping[str, Sequence[Guard]] = {
    "paths": [
        *(
            Guard(f"deny {name}", at(name), name)
            for name in ("admin", "tenants/7/secrets", "vault/keys", "board", "lab")
        ),
        Guard("deny all but", _ALLOWED, host="fenced.example.com"),
    ],
    "hosts": [Guard("deny host", for_host(*_ADMIN_HOSTS))],
    "headers": [
        Guard("deny header", has_value("x-team", "guests"), target="/reports/1"),
        Guard("deny header by CEL", has_value("x-team", "guests"), target="/summaries/1"),
    ],
    "addresses": [
        Guard("deny client", anything, target="/from/1"),
        Guard("deny client by CEL", anything, target="/cidr/1"),
        Guard("allow client", anything, host="office.example"),
    ],
    "identity": [Guard("identity", _is_forged)],
    "methods": [
        Guard("deny method", is_method("DELETE"), target="/ledger/1"),
        Guard("deny method by CEL", is_method("DELETE"), target="/books/1"),
    ],
    "smuggling": [Guard("deny admin", at("admin"))],
}
ALLOW: Mapping[str, Sequence[Guard]] = {
    "paths": [
        Guard("allow path", _ALLOWED),
        Guard("allow template", _ALLOWED, host="template.example.com"),
        Guard("allow by CEL", _ALLOWED, host="cel.example.com"),
        Guard("allow all but", at("admin"), host="fenced.example.com"),
    ],
    "hosts": [Guard("allow host", for_host(_API, others=True))],
    "headers": [
        Guard("allow header", differs("x-team", "staff"), host="team.example.com"),
        Guard("allow header by CEL", differs("x-team", "staff"), host="team-cel.example.com"),
    ],
    "addresses": [Guard("allow client, no proxy", anything, host="office.example")],
    "identity": [Guard("identity", _is_forged)],
    "methods": [
        Guard("allow method", lambda seen: seen.method != "GET"),
        Guard("allow method by CEL", lambda seen: seen.method != "GET", host="cel.example.com"),
    ],
    "smuggling": [Guard("allow orders", _ALLOWED)],
}
TRICKS = [(group, trick) for group in DENY for trick in rows(group)]
PASSES = [(group, trick) for group in DENY for trick in rows(group, "passes")]


@dataclass(frozen=True, slots=True)
class Guarded:
    """A stack, the upstream behind it, and the guards it has."""

    stack: Stack
    upstream: RawUpstream
    guards: Mapping[str, Sequence[Guard]]

    def attempts(self, trick: Trick, guards: Sequence[Guard]) -> Sequence[Attempt]:
        """Return a trick with a good token, for each guard and over each protocol."""
        token = f"authorization: Bearer {self.stack.workspace.token()}"
        requests = [(guard, trick.of(guard)) for guard in guards]
        signed = [(guard, replace(one, fields=(token, *one.fields))) for guard, one in requests]
        return [Attempt(guard, one, protocol) for guard, one in signed for protocol in trick.protocols]


@pytest.fixture(scope="module", params=["deny", "allow"])
def guarded(request: pytest.FixtureRequest) -> Iterator[Guarded]:
    """Run Envoy and the sidecar before an upstream that keeps what it gets.

    In one mode: how the sidecar listens is no trick's business, and test_paths.py has the same paths in all of them.
    """
    configuration = (FOLDER / f"{request.param}.yaml").read_text(encoding="utf-8")
    with RawUpstream() as upstream, running_stack(configuration, upstream_port=upstream.port) as stack:
        yield Guarded(stack, upstream, DENY if request.param == "deny" else ALLOW)


def _named(given: tuple[str, Trick]) -> str:
    return f"{given[0]}: {given[1].name}"


@pytest.mark.parametrize(("group", "trick"), TRICKS, ids=map(_named, TRICKS))
def test_trick(guarded: Guarded, group: str, trick: Trick) -> None:
    """What a trick makes of a request never reaches the upstream as what a policy protects."""
    attempts = guarded.attempts(trick, guarded.guards[group])
    assert list(got_through(guarded.stack.envoy.port, guarded.upstream, attempts)) == []


@pytest.mark.parametrize(("group", "trick"), PASSES, ids=map(_named, PASSES))
def test_what_passes(guarded: Guarded, group: str, trick: Trick) -> None:
    """The table does not hold because nothing passes: each guard lets its neighbours through."""
    attempts = guarded.attempts(trick, guarded.guards[group])
    assert all(arriving(guarded.stack.envoy.port, guarded.upstream, attempts))


def test_without_policies_it_gets_through() -> None:
    """Where everything is allowed the first trick of each group, which is none, gets through every guard."""
    text = (FOLDER / "deny.yaml").read_text(encoding="utf-8").partition("policies:")[0]
    configuration = f"{text}policies: [{{name: everything, action: allow, rules: [{{}}]}}]\n"
    with RawUpstream() as upstream, running_stack(configuration, upstream_port=upstream.port) as stack:
        for guards in (DENY, ALLOW):
            open_to_all = Guarded(stack, upstream, guards)
            for group in ("paths", "hosts", "headers", "addresses", "methods"):
                attempts = open_to_all.attempts(rows(group)[0], guards[group])
                assert len(list(got_through(stack.envoy.port, upstream, attempts))) == len(attempts)


@pytest.mark.parametrize("trick", rows("paths"), ids=lambda trick: trick.name)
def test_trick_would_get_through(trick: Trick) -> None:
    """Were it forwarded as it is, each path would be read as what is protected: the table shows something."""
    guard = DENY["paths"][0]
    assert guard.through(Seen("GET", filled(trick.request.target, guard), ()))


@pytest.mark.parametrize("trick", rows("limits"), ids=lambda trick: trick.name)
def test_limit(guarded: Guarded, trick: Trick) -> None:
    """What docs/policy.md says is not looked at: a deny rule lets it through, an allow rule does not."""
    is_deny = guarded.guards is DENY
    plain = guarded.attempts(trick, [Guard("limit", anything)])
    by_prefix = [replace(one, request=replace(one.request, target=trick.row["prefix"])) for one in plain]
    arrived = arriving(guarded.stack.envoy.port, guarded.upstream, [*plain, *by_prefix])
    is_open = is_deny and not trick.row.get("closed", False)
    assert arrived == [*(is_deny for _ in plain), *(is_open for _ in by_prefix)]
