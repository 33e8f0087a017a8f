"""Settings of an authenticator, and tokens that are good now."""

import time
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from sidecar import Authenticator
from support.keypairs import Pair, pair
from support.tokens import AUDIENCE, ISSUER, claims, mint

NOW = int(time.time())


def settings(*keys: Pair, **more: object) -> dict[str, Any]:
    """Return settings of one issuer, in one process unless ``more`` says otherwise."""
    document = {"keys": [key.jwk for key in keys or (pair(),)]}
    issuer = {"issuer": ISSUER, "audiences": [AUDIENCE], "keys": {"jwks": document}}
    return {"issuers": [issuer], "enable_multiprocessing": False, **more}


def token(subject: str = "alice", key: Pair | None = None, **changes: object) -> str:
    """Mint a token that is good for a day, since a run of all tests is long, with ``changes``."""
    return mint(claims(**{"iat": NOW - 10, "exp": NOW + 86_400, "sub": subject} | changes), key)


def counted(made: Authenticator, name: str, **labels: str) -> float:
    """Return the sum of the samples of a metric that have these labels."""
    families = text_string_to_metric_families(made.metrics())
    samples = (sample for family in families for sample in family.samples if sample.name == name)
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())
