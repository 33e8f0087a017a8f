"""How something is fetched, by its settings."""

from pathlib import Path
from typing import Protocol

from sidecar.keys.remote.client import Access


class FetchedAs(Protocol):
    """Settings of whatever is fetched: those of key sets, and of the policy bundle."""

    timeout_seconds: float
    max_bytes: int
    ca_file: str | None
    bearer_token_file: str | None
    allow_http: bool
    allow_private_addresses: bool


def access_in(folder: Path, settings: FetchedAs, accept: str = "application/json") -> Access:
    """Return how to ask; files are looked for in ``folder``."""
    return Access(
        timeout=settings.timeout_seconds,
        max_bytes=settings.max_bytes,
        ca_file=None if settings.ca_file is None else folder / settings.ca_file,
        bearer_token_file=None if settings.bearer_token_file is None else folder / settings.bearer_token_file,
        allow_http=settings.allow_http,
        allow_private=settings.allow_private_addresses,
        accept=accept,
    )
