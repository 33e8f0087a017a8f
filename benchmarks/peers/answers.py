"""Whether a contender decides rightly: nobody is measured answering wrongly."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from peers.envoy import TELL, TOLD_METADATA
from peers.load import PATH
from peers.tokens import TENANT, Keys
from sidecar.demo.client import Answer, Call, send

_SUBJECT = "alice"
_ALLOWED, _UNKNOWN, _FORBIDDEN = (200,), (401, 403), (403,)


class WrongAnswerError(RuntimeError):
    """A contender that decided wrongly. The text says on what."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """A request and the statuses that are right for it."""

    what: str
    call: Call
    statuses: tuple[int, ...]


def expectations(keys: Keys) -> Iterator[Expectation]:
    """Yield good requests, the first of which is sent twice, and bad ones."""
    good, now = keys.token(_SUBJECT), int(time.time())
    yield Expectation("a good token", _call(good), _ALLOWED)
    yield Expectation("the same token again", _call(good), _ALLOWED)
    yield Expectation("a path with a query", _call(good, f"{PATH}1?a=/../b"), _ALLOWED)
    yield Expectation("a forged token", _call(keys.token(_SUBJECT, keys.stranger)), _UNKNOWN)
    yield Expectation("no token", Call("GET", f"{PATH}1"), _UNKNOWN)
    yield Expectation("an expired token", _call(keys.token(_SUBJECT, exp=now - 600)), _UNKNOWN)
    yield Expectation("another audience", _call(keys.token(_SUBJECT, aud="invoices")), _UNKNOWN)
    yield Expectation("another issuer", _call(keys.token(_SUBJECT, iss="https://other.example")), _UNKNOWN)
    yield Expectation("another group", _call(keys.token(_SUBJECT, groups=["guests"])), _FORBIDDEN)
    yield Expectation("another path", _call(good, "/admin"), _FORBIDDEN)
    yield Expectation("another method", _call(good, method="POST"), _FORBIDDEN)


def verify(port: int, keys: Keys, *, told: bool) -> None:
    """Ask Envoy at ``port``; raises ``WrongAnswerError``.

    ``told``: the contender hands on identity headers and metadata, which are looked at too.
    """
    for wanted in expectations(keys):
        answer = send(port, wanted.call)
        if answer.status not in wanted.statuses:
            raise WrongAnswerError(f"{wanted.what}: answered with {answer.status}, not {_either(wanted.statuses)}")
        if told and wanted.statuses == _ALLOWED:
            _look_at_identity(answer, wanted.what)


def _look_at_identity(answer: Answer, what: str) -> None:
    wanted = {"x-told-subject": _SUBJECT, "x-told-tenant": TENANT, TOLD_METADATA: TENANT}
    for name, value in wanted.items():
        if answer.headers.get(name) != value:
            raise WrongAnswerError(f"{what}: {name} is {answer.headers.get(name)!r}, not {value!r}")
    for name in ("x-told-issuer", "x-told-scopes"):
        if not answer.headers.get(name):
            raise WrongAnswerError(f"{what}: {name} is missing")


def _call(token: str, path: str = f"{PATH}1", method: str = "GET") -> Call:
    # What a client writes into an identity header itself must not arrive.
    headers = (("authorization", f"Bearer {token}"), (TELL, "1"), ("x-auth-tenant", "evil"))
    return Call(method, path, headers)


def _either(statuses: tuple[int, ...]) -> str:
    return " or ".join(map(str, statuses))
