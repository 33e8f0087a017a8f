"""The tenant out of a table, with a real PostgreSQL, alone and in a sidecar behind Envoy."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

import postgres_tenant
from sidecar.demo.client import Call, send
from sidecar.demo.workspace import CONFIGURATION, ISSUER
from sidecar.hooks import Decision, Identity, Request
from sidecar.hooks.decision import Kind
from support.postgres import running_postgres
from support.stacks import MODES, running_stack

_TABLE = "CREATE TABLE tenants (issuer text, subject text, tenant text NOT NULL, PRIMARY KEY (issuer, subject))"
_EXAMPLE = Path(postgres_tenant.__file__)


async def _execute(variables: dict[str, str], *commands: str) -> None:
    connection = await asyncpg.connect(
        host=variables["PGHOST"], user=variables["PGUSER"], database=variables["PGDATABASE"]
    )
    for command in commands:
        await connection.execute(command)
    await connection.close()


@pytest.fixture(scope="module")
def database() -> Iterator[dict[str, str]]:
    """Run a PostgreSQL in which Alice has a tenant."""
    with running_postgres() as variables:
        insert = f"INSERT INTO tenants VALUES ('{ISSUER}', 'alice', 'blue')"  # noqa: S608 - ours
        asyncio.run(_execute(variables, _TABLE, insert))
        yield variables


def test_alone(database: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has a tenant gets the header; whoever has none is denied; nobody is let alone."""
    for name, value in database.items():
        monkeypatch.setenv(name, value)

    async def said() -> list[Decision | None]:
        database = postgres_tenant._Database()
        monkeypatch.setattr(postgres_tenant, "_database", database)
        who = [None, Identity(issuer=ISSUER), *(Identity(issuer=ISSUER, subject=one) for one in ("alice", "bob'; --"))]
        try:
            return [await postgres_tenant.check(Request(), one) for one in who]
        finally:
            assert database._pool is not None
            await database._pool.close()

    nobody, without, alice, bob = asyncio.run(said())
    assert nobody is None
    assert without is not None
    assert bob is not None
    assert (without.kind, bob.kind) == (Kind.DENY, Kind.DENY)
    assert alice is not None
    assert (alice.kind, alice.headers) == (Kind.ADD, {"x-tenant": "blue"})


@pytest.mark.parametrize("mode", ["several", "single"])
def test_behind_envoy(database: dict[str, str], mode: str) -> None:
    """The upstream gets the tenant out of the table, never the client's; one that has none is denied."""
    # The machine that tests run on may be busy.
    patient = _EXAMPLE.read_text(encoding="utf-8").replace("timeout=0.15", "timeout=10")

    def copy(folder: Path) -> None:
        (folder / _EXAMPLE.name).write_text(patient, encoding="utf-8")

    text = CONFIGURATION + "hook_folder: .\nhooks: [postgres_tenant:check]\n"
    with running_stack(text, {**MODES[mode], **database}, copy) as stack:
        for subject, expected in (("alice", (200, ["blue"])), ("bob", (403, [])), ("alice", (200, ["blue"]))):
            token = stack.workspace.token(sub=subject)
            headers = (("authorization", f"Bearer {token}"), ("x-tenant", "forged"))
            answer = send(stack.envoy.port, Call("GET", "/orders/1", headers))
            found = [value for name, value in answer.upstream_headers or () if name == "x-tenant"]
            assert (answer.status, found) == expected, stack.sidecar.printed()
