"""A configuration of one moment, with its key sets, as bytes: what one process hands to the others.

Each process makes its own ``Trust`` of it. Were each to read the files instead, two could read different ones, and
were the ``Trust`` itself handed over, it would have to be pickled.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sidecar.bundle.held import HeldBundle
from sidecar.bundle.message import Bundle, read_unverified
from sidecar.bundle.succession import Signed
from sidecar.keys.remote.held import NOTHING, Held
from sidecar.loading.bundled import combined, configuration_with, read_signers, values_with
from sidecar.loading.confirmation import good_until
from sidecar.loading.decision_log import require_decision_log
from sidecar.loading.hooks import read_hooks
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
from sidecar.loading.warm_up import require_warm_up
from sidecar.settings import Settings
from sidecar.settings.issuer import IssuerSettings

_NOT_YET = "dry_run: all is denied until the policy bundle was fetched: nobody knows yet which headers its policies set"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The configuration's plain values, overrides included, each issuer's JWK Set or secret, in order, and API keys.

    ``confirmed`` is when each one that is fetched was confirmed last (``Held``): for a control process that takes
    another's place, for who must know until when keys are good, and no part of the ``Trust``. A fetched JWK Set is
    empty where there is none.

    ``bundle`` is the policy bundle as it was fetched, and verified; ``values`` are without its policies.

    Encoded it holds secrets: it goes through memory that the sidecar's processes share, and nowhere else.
    """

    values: Mapping[str, object]
    key_sets: tuple[bytes, ...] = field(repr=False)
    confirmed: tuple[float | None, ...]
    api_keys: bytes = field(default=b"", repr=False)
    bundle: HeldBundle | None = None
    hooks: bytes = b""  #: what they are (``hooking.facts``), as when the sidecar started

    def encode(self) -> bytes:
        """Return it as JSON. Ends with a newline, so that a cut one is seen to be cut."""
        # Key sets byte for byte, whatever they are: what was refused, or let in, is so in every process.
        texts = [document.decode("latin-1") for document in self.key_sets]
        members = {"values": self.values, "key_sets": texts, "confirmed": self.confirmed}
        bundle = None if self.bundle is None else _plain(self.bundle)
        more = {"api_keys": self.api_keys.decode("latin-1"), "bundle": bundle, "hooks": self.hooks.decode("latin-1")}
        return json.dumps(members | more).encode() + b"\n"

    @property
    def content(self) -> "Snapshot":
        """Return it without times: equal for those that lead to the same ``Trust``."""
        bundle = None if self.bundle is None else HeldBundle(self.bundle.compact, 0.0, 0.0)
        return replace(self, confirmed=(None,) * len(self.confirmed), bundle=bundle)

    def settings(self) -> Settings:
        """Return the settings, without what is in a bundle; they were valid when the snapshot was taken."""
        return Settings.model_validate(self.values)

    def with_fetched(self, fetched: Callable[[IssuerSettings], Held | None]) -> "Snapshot":
        """Return the same configuration with what was fetched since; ``None`` leaves an issuer's as it is."""
        held = [
            (fetched(issuer) if issuer.is_remote else None) or Held(document, confirmed)
            for issuer, document, confirmed in zip(self.settings().issuers, self.key_sets, self.confirmed, strict=True)
        ]
        key_sets = tuple(one.document or b"" for one in held)
        return replace(self, key_sets=key_sets, confirmed=tuple(one.confirmed_at for one in held))

    def held(self) -> tuple[Held, ...]:
        """Return what there is of each issuer's fetched keys, in order."""
        return tuple(Held(document or None, at) for document, at in zip(self.key_sets, self.confirmed, strict=True))

    def compile(self) -> Loaded:
        """Return the settings, the ``Trust``, and until when its keys are good: the same in every process."""
        own, bundle = self.settings(), self._bundle()
        settings = own if bundle is None else Settings.model_validate(values_with(self.values, bundle))
        return self.finished(compile_trust(settings, self.key_sets, self.api_keys, self.hooks), own, bundle)

    def finished(self, loaded: Loaded, own: Settings, bundle: Bundle | None) -> Loaded:
        """Return what was compiled with what a bundle, or the lack of one, makes of it. ``own``: without the bundle."""
        if own.policy_bundle is not None:
            both = combined(own, loaded.trust.policy, bundle)
            trust = replace(loaded.trust, policy=both.policies)
            warnings = loaded.warnings if bundle is not None or not own.dry_run else (*loaded.warnings, _NOT_YET)
            loaded = replace(loaded, trust=trust, without_bundle=both.without, warnings=warnings)
        return self.dated(loaded)

    def dated(self, loaded: Loaded) -> Loaded:
        """Return the same, good until it is by this snapshot."""
        times = good_until(loaded.settings, self.key_sets, self.confirmed, self.bundle)
        return replace(loaded, good_until=times)

    def _bundle(self) -> Bundle | None:
        # Whoever put it here has verified it.
        return None if self.bundle is None else read_unverified(self.bundle.compact)


def _plain(bundle: HeldBundle) -> tuple[object, ...]:
    signed = [(one.signer.hex(), one.version, one.digest.hex()) for one in bundle.signed]
    return bundle.compact.decode("ascii"), bundle.confirmed_at, bundle.until, signed


def _bundle_of(members: Sequence[Any]) -> HeldBundle:
    compact, confirmed_at, until, signed = members
    read = (Signed(bytes.fromhex(signer), version, bytes.fromhex(digest)) for signer, version, digest in signed)
    return HeldBundle(compact.encode("ascii"), confirmed_at, until, tuple(read))


def take_snapshot(
    configuration: Configuration,
    fetched: Fetched = nothing_fetched,
    held_bundle: HeldBundle | None = None,
    hooks: bytes | None = None,
) -> tuple[Snapshot, Loaded]:
    """Read the key sets of a configuration; return all of it as a snapshot, and the ``Trust`` it stands for.

    ``fetched`` returns what was fetched for an issuer so far; ``held_bundle`` is the policy bundle, if it was.
    ``hooks`` is what the hooks are, where that is known.

    Raises ``ConfigurationError`` where a key set cannot be used, or the bundle does not go with the configuration.
    """
    read_signers(configuration)
    if hooks is None:
        # As with hooks: what cannot change while processes run is looked at once.
        require_decision_log(configuration)
        require_warm_up(configuration)
    held_bundle = None if configuration.settings.policy_bundle is None else held_bundle
    issuers = configuration.settings.issuers
    # Asked once: it may be another one the next moment.
    held = {issuer.issuer: fetched(issuer) for issuer in issuers if issuer.is_remote}
    documents = read_key_sets(configuration, lambda issuer: held[issuer.issuer])
    holders = read_key_holders(configuration)
    confirmed = tuple(held.get(issuer.issuer, NOTHING).confirmed_at for issuer in issuers)
    found = read_hooks(configuration) if hooks is None else hooks
    snapshot = Snapshot(configuration.document.values, documents, confirmed, holders, held_bundle, found)
    bundle = None if held_bundle is None else read_unverified(held_bundle.compact)
    whole = configuration if bundle is None else configuration_with(configuration, bundle)
    compiled = compile_with_places(whole, documents, holders, found)
    return snapshot, snapshot.finished(compiled, configuration.settings, bundle)


def decode(data: bytes) -> Snapshot:
    """Read a snapshot back; raises ``ValueError`` for anything else."""
    found = json.loads(data) if data.endswith(b"\n") else None
    if not isinstance(found, dict) or found.keys() != {
        "values",
        "key_sets",
        "confirmed",
        "api_keys",
        "bundle",
        "hooks",
    }:
        raise ValueError("no snapshot of a configuration")
    key_sets = tuple(text.encode("latin-1") for text in found["key_sets"])
    bundle = None if found["bundle"] is None else _bundle_of(found["bundle"])
    confirmed, api_keys = tuple(found["confirmed"]), found["api_keys"].encode("latin-1")
    return Snapshot(found["values"], key_sets, confirmed, api_keys, bundle, found["hooks"].encode("latin-1"))
