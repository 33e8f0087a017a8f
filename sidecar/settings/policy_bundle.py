"""Policies that are fetched, signed, from somewhere else."""

import json
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from sidecar.bundle.message import LARGEST, MAX_BYTES, NAME
from sidecar.core.algorithm import Algorithm
from sidecar.core.keys import NO_KEYS, KeySet
from sidecar.keys.jwks import EmptyJwksError, JwksError, read_jwks
from sidecar.settings.base import Model, Text
from sidecar.settings.remote_url import check_url


class PolicyBundleSettings(Model):
    """A bundle of policies over HTTPS, signed. It stands beside what the configuration has itself."""

    url: Text = Field(description="Where it is: https://HOST/PATH.")
    name: Annotated[str, Field(pattern=NAME)] = Field(
        description="What it must be called: who has keys for several must not have one taken for another."
    )
    public_keys: list[dict[str, Any]] | None = Field(
        None, min_length=1, description="Whose signature is believed: public Ed25519 JWKs, each with 'kid'."
    )
    keys_file: Text | None = Field(
        None,
        description="The same as a JWK Set file, read again whenever it has changed. What a key has signed that is "
        "taken out is out of force at the next look; with an empty list of keys nobody is believed. While the file "
        "cannot be used nothing new is taken. Relative to the configuration's folder.",
    )
    min_version: int = Field(
        1,
        ge=1,
        le=LARGEST,
        description="The least version that is taken. While the sidecar runs it never goes back by itself; over a "
        "restart this alone keeps an old one out that somebody kept.",
    )
    refresh_seconds: float = Field(
        60.0,
        ge=1,
        le=86400,
        description="Seconds between two looks, less up to a quarter by chance; Cache-Control is not heeded. After a "
        "failure it is looked again after 1, 2, 4 … 60 s.",
    )
    timeout_seconds: float = Field(
        10.0, gt=0, le=60, description="Seconds for one look, names looked up and the body read."
    )
    max_bytes: int = Field(
        1024 * 1024,
        ge=1024,
        le=MAX_BYTES,
        description="Bytes of the largest bundle that is read; a thousand policies take some 400 KiB, and a second of "
        "each process to read.",
    )
    max_stale_seconds: float = Field(
        86400.0,
        ge=1,
        le=2_592_000,
        description="Seconds that it stays in force without its server having confirmed it. Then all that it allows "
        "is denied (policies_unavailable), and what it denies still is.",
    )
    required_at_start: bool = Field(
        default=True,
        description="Not ready until it was fetched, nor while it is out of force. false: ready, and denying.",
    )
    ca_file: Text | None = Field(
        None, description="CAs, in PEM, of the server's certificate, in place of the system's; read at each look."
    )
    bearer_token_file: Text | None = Field(
        None, description="A file with a token of our own that is sent along; read at each look."
    )
    allow_http: bool = Field(
        default=False,
        description="true: http:// as well. Whoever sits on the network can then read it, and keep a new one from us.",
    )
    allow_private_addresses: bool = Field(
        default=False,
        description="true: private and loopback addresses as well, for servers within the cluster. Link-local never.",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.public_keys is None) is (self.keys_file is None):
            raise ValueError("give 'public_keys' or 'keys_file': one of them says whose signature is believed")
        if self.refresh_seconds > self.max_stale_seconds:
            raise ValueError("'refresh_seconds' is more than 'max_stale_seconds': it would be gone in between")
        check_url(self.url, allow_http=self.allow_http, allow_private=self.allow_private_addresses)
        self.written_signers()
        return self

    def written_signers(self) -> KeySet | None:
        """Return the keys that stand in the configuration itself; ``None`` where a file has them."""
        if self.public_keys is None:
            return None
        return signers_of(json.dumps({"keys": self.public_keys}, default=str).encode())


def signers_of(document: bytes) -> KeySet:
    """Read a JWK Set of those who may sign; raises ``ValueError`` where one of its keys is not for that."""
    try:
        found = read_jwks(document)
    except JwksError as error:
        raise type(error)(f"the public keys: {error}") from None
    problems = [*found.refused]
    for key in found.keys.keys:
        if key.algorithms != {Algorithm.EDDSA}:
            problems.append("a key that is none of Ed25519 (kty OKP, crv Ed25519)")
        elif key.key_id is None:
            problems.append("a key without 'kid', which a bundle has to name")
    if problems:
        raise ValueError(f"the public keys: {'; '.join(problems)}")
    return found.keys


def signers_now(document: bytes) -> KeySet:
    """Read one while we run; raises ``ValueError``. A set that lists no key at all says that nobody is believed."""
    try:
        return signers_of(document)
    except EmptyJwksError:
        return NO_KEYS
