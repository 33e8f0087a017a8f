"""An issuer that signs with HS256, in several processes."""

import secrets
import signal
import time
from pathlib import Path

import grpc
import pytest

from sidecar.demo.workspace import AUDIENCE, ISSUER
from support.answers import read_answer
from support.fronts import CHECK
from support.processes import eventually
from support.requests import with_token
from support.sidecars import CONFIGURATION, running_sidecar
from support.tokens import claims, mint_hmac

_KEYS = "keys: {file: jwks.json}"
_CONFIGURATION = CONFIGURATION.replace(_KEYS, "algorithms: [HS256], keys: {hmac_secret: {file: secret}}")


def _token(secret: bytes, subject: str) -> str:
    now = int(time.time())
    return mint_hmac(secret, claims(iss=ISSUER, aud=AUDIENCE, sub=subject, iat=now, exp=now + 600))


def _burst(address: str, tokens: list[str]) -> set[str]:
    """Ask about all of them at once: of other algorithms most would go to the verifiers."""
    with grpc.insecure_channel(address.replace("unix:@", "unix-abstract:")) as channel:
        call = channel.unary_unary(CHECK)  # type: ignore[call-arg]  # the serialisers may be left out
        asked = [call.future(with_token(token), timeout=20) for token in tokens]
        return {read_answer(one.result()).reason for one in asked}


@pytest.mark.parametrize("mode", ["true", "false"])
def test_tokens(short_folder: Path, mode: str) -> None:
    """Good tokens are taken by every server and bad ones by none; no verifier is asked, and the secret never shows."""
    secret = secrets.token_hex(32)
    (short_folder / "secret").write_text(secret + "\n", encoding="utf-8")
    environment = {"AUTHZ_ENABLE_MULTIPROCESSING": mode, "AUTHZ_LOG_LEVEL": "debug", "AUTHZ_BATCH_SIZE_THRESHOLD": "1"}
    with running_sidecar(short_folder, _CONFIGURATION, environment) as sidecar:
        assert eventually(sidecar.is_ready), sidecar.printed()
        for number, address in enumerate(sidecar.addresses):
            assert sidecar.check(address, _token(secret.encode(), f"s{number}")).reason == "allowed"
            assert sidecar.check(address, _token(secret[::-1].encode(), f"s{number}")).reason == "bad_signature"
            reasons = _burst(address, [_token(secret.encode(), f"b{turn}") for turn in range(100)])
            assert "allowed" in reasons
            assert reasons <= {"allowed", "overloaded"}  # the latter is for a busy machine to say
        renewed = secrets.token_bytes(40)
        (short_folder / "secret").write_bytes(renewed)
        sidecar.process.signal(signal.SIGHUP)
        assert eventually(lambda: "new configuration in force" in sidecar.printed()), sidecar.printed()
        for address in sidecar.addresses:
            assert sidecar.check(address, _token(secret.encode(), "s0")).reason == "bad_signature"
            assert sidecar.check(address, _token(renewed, "s0")).reason == "allowed"
        metrics = sidecar.get("/metrics")[1]
        pooled = [line for line in metrics.splitlines() if 'route="pool"' in line and not line.endswith(" 0.0")]
        assert pooled == []
        assert secret not in sidecar.printed() + metrics
