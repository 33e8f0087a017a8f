"""What is revoked is refused, known or not; while nobody knows what is, nobody is let in."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar import Authenticator, ClosedError, ConfigurationError, Reason
from sidecar.core.revocation import Kind, Name
from sidecar.keys.signing import generate, key_set_document
from sidecar.revocation.entry import Entry
from sidecar.revocation.message import sign
from support.authenticators import NOW, settings, token
from support.redis_servers import running_redis
from support.tokens import ISSUER


def _line(subject: str) -> str:
    return json.dumps({"issuer": ISSUER, "sub": subject, "expires_at": NOW + 3600}) + "\n"


def _until(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_file(tmp_path: Path) -> None:
    """A token that is known is refused soon after its subject was written into the file; another is not."""
    (tmp_path / "revoked.jsonl").write_text(_line("mallory"), "utf-8")
    with Authenticator(settings(revocation={"file": "revoked.jsonl"}), folder=tmp_path) as made:
        alice, bob = token("alice"), token("bob")
        assert made.authenticate_sync(token("mallory")).reason is Reason.TOKEN_REVOKED  # type: ignore[union-attr]
        assert made.authenticate_sync(alice)
        assert made.authenticate_sync(bob)
        with (tmp_path / "revoked.jsonl").open("a", encoding="utf-8") as file:
            file.write(_line("alice"))
        _until(lambda: not made.authenticate_sync(alice))
        assert made.authenticate_sync(alice).reason is Reason.TOKEN_REVOKED  # type: ignore[union-attr]
        assert made.authenticate_batch_sync([bob, alice])[0]


def test_a_list_that_is_not_there(tmp_path: Path) -> None:
    """Without the file nobody is let in, for that reason."""
    with Authenticator(settings(revocation={"file": "revoked.jsonl"}), folder=tmp_path) as made:
        assert made.authenticate_sync(token()).reason is Reason.REVOCATION_UNKNOWN  # type: ignore[union-attr]
        assert not made.health().ok
        (tmp_path / "revoked.jsonl").write_text("", "utf-8")
        _until(lambda: made.authenticate_sync(token()))
        assert made.health().ok


def test_feed(tmp_path: Path) -> None:
    """What is revoked for the whole cluster is refused here as well; while the feed is lost, nobody is let in."""
    key = generate()
    (tmp_path / "signers.json").write_text(key_set_document([key]), "utf-8")
    with running_redis(tmp_path) as redis:
        feed = {"redis": redis.url, "keys_file": "signers.json", "loss_seconds": 2.0}
        revocation = {"feed": feed, "on_feed_loss": "deny"}
        with Authenticator(settings(revocation=revocation), folder=tmp_path) as made:
            alice, bob = token("alice"), token("bob")
            assert made.authenticate_sync(alice)
            assert made.authenticate_sync(bob)
            message = sign([Entry(Name(ISSUER, Kind.SUBJECT, "alice"), expires_at=NOW + 3600)], key)
            redis.add(message)
            _until(lambda: not made.authenticate_sync(alice))
            assert made.authenticate_sync(alice).reason is Reason.TOKEN_REVOKED  # type: ignore[union-attr]
            assert made.authenticate_sync(bob)
            redis.stop()
            _until(lambda: not made.authenticate_sync(bob))
            assert made.authenticate_sync(bob).reason is Reason.REVOCATION_UNKNOWN  # type: ignore[union-attr]


def test_a_feed_that_cannot_be(tmp_path: Path) -> None:
    """Files of the feed that cannot be used are a wrong configuration, said when it is opened."""
    (tmp_path / "signers.json").write_text("{}", "utf-8")
    revocation = {"feed": {"redis": "redis://127.0.0.1:1/0", "keys_file": "signers.json"}}
    made = Authenticator(settings(revocation=revocation), folder=tmp_path)
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=r"signers\.json"):
            made.open()
    with pytest.raises(ClosedError):
        made.health()
