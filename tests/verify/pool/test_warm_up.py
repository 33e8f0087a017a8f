"""A process that cannot tell good signatures from bad does not start; keys are decoded before they are needed."""

from collections.abc import Callable

import pytest

from sidecar.core.algorithm import ASYMMETRIC, Algorithm
from sidecar.keys.hmac_secret import hmac_key
from sidecar.verify import signature
from sidecar.verify.pool import warm_up as module
from sidecar.verify.pool.warm_up import decode_keys, warm_up
from support.keypairs import pair
from support.trusts import issuer, trust


def test_warm_up() -> None:
    """With libraries that work it goes through."""
    warm_up()


@pytest.mark.parametrize("answer", [True, False])
@pytest.mark.parametrize("family", [Algorithm.EDDSA, Algorithm.RS256, Algorithm.ES256])
def test_broken_library(monkeypatch: pytest.MonkeyPatch, family: Algorithm, answer: bool) -> None:  # noqa: FBT001 - generated
    """With one that says the same of all signatures of a family it does not."""
    real: Callable[..., bool] = signature.verify
    monkeypatch.setattr(module, "verify", lambda name, *rest: answer if name is family else real(name, *rest))
    with pytest.raises(RuntimeError, match=f"verification of {family} does not work"):
        warm_up()


def test_every_key_of_every_issuer_is_decoded() -> None:
    """Once each, and none is when it verifies; those that are used as they are cost nothing."""
    one = issuer([pair(algorithm, algorithm.value).public for algorithm in ASYMMETRIC])
    other = issuer([pair(Algorithm.ES256, owner="other").public], issuer="https://other.example")
    secret = issuer([hmac_key(b"0123456789abcdef" * 2 + b"xyz", None)], issuer="https://secret.example")
    signature._load.cache_clear()
    decode_keys(trust(issuers=[one, other, secret]))
    # One RSA key has all six of its algorithms here.
    assert signature._load.cache_info().misses == 1 + 3 + 1
    for algorithm in ASYMMETRIC:
        key = pair(algorithm, algorithm.value)
        assert signature.verify(algorithm, key.public, b"text", key.sign(b"text"))
    assert signature._load.cache_info().misses == 1 + 3 + 1
