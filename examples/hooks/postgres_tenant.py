"""The tenant of each subject, out of a table in PostgreSQL, for the upstream: header ``x-tenant``.

    CREATE TABLE tenants (issuer text, subject text, tenant text NOT NULL, PRIMARY KEY (issuer, subject));

Where it is, libpq's variables say (PGHOST, PGUSER, PGDATABASE, PGPASSWORD and so on). ``pip install asyncpg``.
"""

import asyncio

import asyncpg

from sidecar.hooks import Decision, Identity, Request, add, deny, hook

_QUERY = "SELECT tenant FROM tenants WHERE issuer = $1 AND subject = $2"


class _Database:
    """Connections of one server process, made when they are needed first. Raises what asyncpg raises: denied, 503."""

    def __init__(self) -> None:
        self._pool: asyncpg.Pool | None = None
        self._lock = asyncio.Lock()

    async def tenant(self, issuer: str, subject: str) -> str | None:
        async with self._lock:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(min_size=0, max_size=4, command_timeout=1, timeout=1)
        found: str | None = await self._pool.fetchval(_QUERY, issuer, subject)
        return found


_database = _Database()


# For half a minute, by whom it is about: not by their tokens, of which there is a new one every few minutes.
@hook(sets_headers=["x-tenant"], cache=["issuer", "subject"], shared=True, ttl=30, timeout=0.15)
async def check(_request: Request, identity: Identity | None) -> Decision | None:
    """Add the tenant; deny those who have none."""
    if identity is None:
        return None
    tenant = None if identity.subject is None else await _database.tenant(identity.issuer, identity.subject)
    if tenant is None:
        return deny("no tenant in the table", message="you belong to no tenant")
    return add({"x-tenant": tenant}, metadata={"tenant": tenant})
