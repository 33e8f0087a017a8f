"""What the agent tells its desk, again and again: JSON in one datagram."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sidecar.runtime.agent.tenancy import Phase

#: Bytes: some hundred for each of the most tenants that there may be.
MAX_BYTES: Final = 128 * 1024


@dataclass(frozen=True, slots=True)
class TenantStatus:
    """One tenant. ``restarts``: starts after ends that nobody wanted."""

    name: str
    phase: Phase
    restarts: int


@dataclass(frozen=True, slots=True)
class Status:
    """All tenants, and how many entries of the folder are none."""

    tenants: tuple[TenantStatus, ...] = ()
    ignored: int = 0


def encode(tenants: Iterable[Mapping[str, object]], ignored: int) -> bytes:
    """Return the datagram."""
    return json.dumps({"tenants": list(tenants), "ignored": ignored}).encode()


def decode(data: bytes) -> Status:
    """Read one; raises ``ValueError``, ``KeyError`` or ``TypeError`` for what is none, which the agent never sends."""
    found = json.loads(data)
    tenants = (TenantStatus(str(one["name"]), Phase(one["phase"]), int(one["restarts"])) for one in found["tenants"])
    return Status(tuple(tenants), int(found["ignored"]))
