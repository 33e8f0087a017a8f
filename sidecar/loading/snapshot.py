"""A configuration of one moment, with its key sets, as bytes: what one process hands to the others.

Each process makes its own ``Trust`` of it. Were each to read the files instead, two could read different ones, and
were the ``Trust`` itself handed over, it would have to be pickled.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from sidecar.loading.load import Configuration
from sidecar.loading.trust import Loaded, compile_trust, compile_with_places, read_key_holders, read_key_sets
from sidecar.settings import Settings


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The configuration's plain values, overrides included, each issuer's JWK Set or secret, in order, and API keys.

    Encoded it holds secrets: it goes through memory that the sidecar's processes share, and nowhere else.
    """

    values: Mapping[str, object]
    key_sets: tuple[bytes, ...] = field(repr=False)
    api_keys: bytes = field(default=b"", repr=False)

    def encode(self) -> bytes:
        """Return it as JSON. Ends with a newline, so that a cut one is seen to be cut."""
        # Key sets byte for byte, whatever they are: what was refused, or let in, is so in every process.
        texts = [document.decode("latin-1") for document in self.key_sets]
        keys = self.api_keys.decode("latin-1")
        return json.dumps({"values": self.values, "key_sets": texts, "api_keys": keys}).encode() + b"\n"

    def settings(self) -> Settings:
        """Return the settings; they were valid when the snapshot was taken."""
        return Settings.model_validate(self.values)

    def compile(self) -> Loaded:
        """Return the settings and the ``Trust``: the same in every process."""
        return compile_trust(self.settings(), self.key_sets, self.api_keys)


def take_snapshot(configuration: Configuration) -> tuple[Snapshot, Loaded]:
    """Read the key sets of a configuration; return all of it as a snapshot, and the ``Trust`` it stands for.

    Raises ``ConfigurationError`` where a key set cannot be used.
    """
    documents, holders = read_key_sets(configuration), read_key_holders(configuration)
    loaded = compile_with_places(configuration, documents, holders)
    return Snapshot(configuration.document.values, documents, holders), loaded


def decode(data: bytes) -> Snapshot:
    """Read a snapshot back; raises ``ValueError`` for anything else."""
    found = json.loads(data) if data.endswith(b"\n") else None
    if not isinstance(found, dict) or found.keys() != {"values", "key_sets", "api_keys"}:
        raise ValueError("no snapshot of a configuration")
    key_sets = tuple(text.encode("latin-1") for text in found["key_sets"])
    return Snapshot(found["values"], key_sets, found["api_keys"].encode("latin-1"))
