"""The tokens that are sent, in files of one a line, and the ones that have to be refused."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.core.strict_json import Json
from sidecar.keys.signing import SigningKey, generate
from sidecar.tokens.mint import mint

ISSUER, AUDIENCE, GROUP, TENANT = "https://idp.example", "orders", "staff", "acme"
#: A run takes an hour or so.
LIFETIME_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Keys:
    """The issuer's key, and a stranger's with the same id: what that one signs is forged."""

    issuer: SigningKey = field(default_factory=lambda: generate("k1"))
    stranger: SigningKey = field(default_factory=lambda: generate("k1"))

    def token(self, subject: str, key: SigningKey | None = None, **changes: Json) -> str:
        """Mint a token that every contender has to allow, with ``changes`` to its claims."""
        now = int(time.time())
        claims: Mapping[str, Json] = {
            "iss": ISSUER,
            "sub": subject,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "scope": "orders:read orders:write",
            "tenant": TENANT,
            "groups": [GROUP, "ops", "warehouse"],
        }
        return mint(key or self.issuer, {**claims, **changes})


def write(keys: Keys, file: Path, number: int) -> Path:
    """Write a file of so many different tokens."""
    # Signing lets go of the interpreter lock.
    with ThreadPoolExecutor(2) as threads:
        minted = threads.map(lambda turn: keys.token(f"user-{file.stem}-{turn}"), range(number), chunksize=100)
        file.write_text("".join(f"{token}\n" for token in minted), encoding="ascii")
    return file
