"""Whatever form a credential has: who is revoked is refused, remembered or not."""

from collections.abc import Iterator

import pytest

from core.test_dpop import dpop_issuer
from core.test_introspected import response
from sidecar.core.check import Checker
from sidecar.core.dpop import Proofs
from sidecar.core.identity import Identity
from sidecar.core.introspection import Client, Introspection, Reference
from sidecar.core.needs import Decided, Introspect, Introspected, Step, Verify
from sidecar.core.revocation import LookUp, Marks
from sidecar.core.source import Source
from sidecar.engine.local_cache import LocalCache
from sidecar.engine.replays import SharedReplays
from sidecar.keys.api_keys import hash_of
from sidecar.keys.proof_key import read_proof_key
from sidecar.loading.key_holders import key_holders
from sidecar.memory.replays import ReplayTable
from sidecar.memory.segment import create
from sidecar.settings.api_keys import ApiKeySettings
from support.answers import Answer, read_answer
from support.checks import verdict
from support.proofs import bound_to, proof
from support.requests import check_request
from support.tokens import NOW, claims, mint
from support.trusts import issuer, trust

KEY = "authz_" + "Kk3" * 14
OPAQUE = "https://opaque.example"
ENDPOINT = Introspection("https://as.example/", Client("bearer", "", Reference("env", "X")))
BOUND = mint(claims(cnf=bound_to()))


class Revoked:
    """A denylist of subjects. Each change is another epoch."""

    def __init__(self) -> None:
        self.number, self.subjects = 1, set[str]()

    def revoke(self, subject: str) -> None:
        """Add one."""
        self.number += 1
        self.subjects.add(subject)

    def epoch(self, now: float) -> int:
        """Return the epoch."""
        assert now == NOW
        return self.number

    def marks(self, identity: Identity) -> Marks:
        """Return the subject."""
        return Marks(((identity.subject or "").encode(),), (), 0.0)

    def look_up(self, marks: Marks, now: float) -> LookUp:
        """Look it up."""
        return LookUp(marks.names[0].decode() in self.subjects, self.epoch(now))


class Server:
    """A server that takes every form."""

    def __init__(self, table: ReplayTable) -> None:
        line = f'{{"hash": "{hash_of(KEY)}", "subject": "alice"}}'
        keys = key_holders(ApiKeySettings.model_validate({"file": "f"}), line.encode())
        opaque = issuer(
            [],
            issuer=OPAQUE,
            introspection=ENDPOINT,
            sources=frozenset({Source("cookie", "session")}),
            algorithms=frozenset(),
        )
        in_force = trust(issuers=[dpop_issuer(), keys, opaque])
        self.denylist, self.number = Revoked(), 0
        proofs = Proofs(read_proof_key, SharedReplays(table))
        self._checker = Checker(lambda: in_force, recent=LocalCache(9), denylist=self.denylist, proofs=proofs)

    def ask(self, form: str) -> Answer:
        """Check a credential of this form to the end."""
        self.number += 1
        headers = {
            "api key": {"x-api-key": KEY},
            "opaque": {"cookie": "session=opaque"},
            "bound": {"authorization": f"DPoP {BOUND}", "dpop": proof(BOUND, jti=str(self.number))},
            "bearer": {"authorization": f"Bearer {mint()}"},
        }
        step: Step = self._checker.begin(check_request(headers=headers[form]), NOW)
        while not isinstance(step, Decided):
            if isinstance(step, Introspect):
                step = step.resume(Introspected(step.token_digest, step.trust_digest, response()), NOW)
            else:
                assert isinstance(step, Verify)
                step = step.resume(verdict(step), NOW)
        return read_answer(step.response)


@pytest.fixture
def server() -> Iterator[Server]:
    """Return a server."""
    with create(1 << 16) as segment:
        yield Server(ReplayTable(segment, bytes(32)))


@pytest.mark.parametrize("form", ["bearer", "api key", "opaque", "bound"])
def test_revoked(server: Server, form: str) -> None:
    """Each form is let in time and again, and from the moment that its subject is revoked never more."""
    assert [server.ask(form).reason for _ in range(3)] == ["allowed"] * 3
    server.denylist.revoke("bob")
    assert server.ask(form).allowed
    server.denylist.revoke("alice")
    assert [server.ask(form).reason for _ in range(2)] == ["token_revoked"] * 2
