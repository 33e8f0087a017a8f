"""A configuration of one moment, with its key sets, as bytes: what one process hands to the others.

Each process makes its own ``Trust`` of it. Were each to read the files instead, two could read different ones, and
were the ``Trust`` itself handed over, it would have to be pickled.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from sidecar.keys.remote.held import NOTHING, Held
from sidecar.loading.confirmation import good_until
from sidecar.loading.load import Configuration
from sidecar.loading.trust import (
    Fetched,
    Loaded,
    compile_trust,
    compile_with_places,
    nothing_fetched,
    read_key_holders,
    read_key_sets,
)
from sidecar.settings import Settings
from sidecar.settings.issuer import IssuerSettings


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The configuration's plain values, overrides included, each issuer's JWK Set or secret, in order, and API keys.

    ``confirmed`` is when each one that is fetched was confirmed last (``Held``): for a control process that takes
    another's place, for who must know until when keys are good, and no part of the ``Trust``. A fetched JWK Set is
    empty where there is none.

    Encoded it holds secrets: it goes through memory that the sidecar's processes share, and nowhere else.
    """

    values: Mapping[str, object]
    key_sets: tuple[bytes, ...] = field(repr=False)
    confirmed: tuple[float | None, ...]
    api_keys: bytes = field(default=b"", repr=False)

    def encode(self) -> bytes:
        """Return it as JSON. Ends with a newline, so that a cut one is seen to be cut."""
        # Key sets byte for byte, whatever they are: what was refused, or let in, is so in every process.
        texts = [document.decode("latin-1") for document in self.key_sets]
        members = {"values": self.values, "key_sets": texts, "confirmed": self.confirmed}
        return json.dumps(members | {"api_keys": self.api_keys.decode("latin-1")}).encode() + b"\n"

    def settings(self) -> Settings:
        """Return the settings; they were valid when the snapshot was taken."""
        return Settings.model_validate(self.values)

    def with_fetched(self, fetched: Callable[[IssuerSettings], Held | None]) -> "Snapshot":
        """Return the same configuration with what was fetched since; ``None`` leaves an issuer's as it is."""
        held = [
            (fetched(issuer) if issuer.is_remote else None) or Held(document, confirmed)
            for issuer, document, confirmed in zip(self.settings().issuers, self.key_sets, self.confirmed, strict=True)
        ]
        key_sets = tuple(one.document or b"" for one in held)
        return Snapshot(self.values, key_sets, tuple(one.confirmed_at for one in held), self.api_keys)

    def held(self) -> tuple[Held, ...]:
        """Return what there is of each issuer's fetched keys, in order."""
        return tuple(Held(document or None, at) for document, at in zip(self.key_sets, self.confirmed, strict=True))

    def compile(self) -> Loaded:
        """Return the settings, the ``Trust``, and until when its keys are good: the same in every process."""
        return self._dated(compile_trust(self.settings(), self.key_sets, self.api_keys))

    def _dated(self, loaded: Loaded) -> Loaded:
        return replace(loaded, good_until=good_until(loaded.settings, self.key_sets, self.confirmed))


def take_snapshot(configuration: Configuration, fetched: Fetched = nothing_fetched) -> tuple[Snapshot, Loaded]:
    """Read the key sets of a configuration; return all of it as a snapshot, and the ``Trust`` it stands for.

    ``fetched`` returns what was fetched for an issuer so far.

    Raises ``ConfigurationError`` where a key set cannot be used.
    """
    issuers = configuration.settings.issuers
    # Asked once: it may be another one the next moment.
    held = {issuer.issuer: fetched(issuer) for issuer in issuers if issuer.is_remote}
    documents = read_key_sets(configuration, lambda issuer: held[issuer.issuer])
    holders = read_key_holders(configuration)
    confirmed = tuple(held.get(issuer.issuer, NOTHING).confirmed_at for issuer in issuers)
    snapshot = Snapshot(configuration.document.values, documents, confirmed, holders)
    return snapshot, snapshot._dated(compile_with_places(configuration, documents, holders))  # noqa: SLF001 - its maker


def decode(data: bytes) -> Snapshot:
    """Read a snapshot back; raises ``ValueError`` for anything else."""
    found = json.loads(data) if data.endswith(b"\n") else None
    if not isinstance(found, dict) or found.keys() != {"values", "key_sets", "confirmed", "api_keys"}:
        raise ValueError("no snapshot of a configuration")
    key_sets = tuple(text.encode("latin-1") for text in found["key_sets"])
    return Snapshot(found["values"], key_sets, tuple(found["confirmed"]), found["api_keys"].encode("latin-1"))
