"""What control does with a snapshot: when it restores one, and which it refuses."""

import asyncio
import logging
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sidecar.core.cache import Refused
from sidecar.core.identity import Identity
from sidecar.core.reason import Reason
from sidecar.core.trust import Trust
from sidecar.engine.shared_cache import SharedTokenCache
from sidecar.memory import segment
from sidecar.memory.cache import SharedCache
from sidecar.runtime.control import warm_up
from sidecar.runtime.control.warm_up import NotReadyError, WarmUp
from sidecar.settings.warm_up import WarmUpSettings
from sidecar.warming.snapshot import SnapshotError
from support.authenticators import NOW, token
from support.identities import identity
from support.trusts import policy_set, trust

_SECRET, _SEAL = b"s" * 32, b"k" * 32
_SETTINGS = WarmUpSettings.model_validate({"snapshot_file": "snapshot", "key_file": "unused"})


@dataclass
class Node:
    """A sidecar's cache, and what keeps it."""

    folder: Path
    shared: SharedCache
    trust: Trust = field(default_factory=trust)
    ready: bool = True

    @property
    def tokens(self) -> SharedTokenCache:
        """Return the cache as servers have it."""
        return SharedTokenCache(self.shared, _SECRET)

    def warm_up(self, seal: bytes = _SEAL, *, restore_first: bool = True) -> WarmUp:
        """Return what keeps and restores."""
        return WarmUp(
            _SETTINGS,
            self.folder,
            self.shared,
            seal,
            trust=lambda: self.trust,
            is_ready=lambda: self.ready,
            restore_first=restore_first,
        )


@contextmanager
def _node(folder: Path) -> Iterator[Node]:
    with segment.create(1 << 20) as memory:
        yield Node(folder, SharedCache(memory, time.time_ns()))


def _identities(number: int, **changes: object) -> dict[bytes, Identity]:
    found = (identity(sub=f"u{index}", iat=NOW - 10, exp=NOW + 86_400, **changes) for index in range(number))
    return {token(one.subject or "").encode(): one for one in found}


@pytest.fixture
def kept(tmp_path: Path) -> dict[bytes, Identity]:
    """Have a snapshot of some identities kept; return them by their tokens."""
    entries = _identities(20)
    with _node(tmp_path) as node:
        for text, found in entries.items():
            node.tokens.put(text, found, time.time())
        asyncio.run(node.warm_up(restore_first=False).keep())
    return entries


def test_restored(tmp_path: Path, kept: dict[bytes, Identity]) -> None:
    """Another sidecar knows the same identities by the same tokens afterwards, and no token is in the file."""
    content = (tmp_path / "snapshot").read_bytes()
    assert not any(text in content or text.rpartition(b".")[2] in content for text in kept)
    with _node(tmp_path) as node:
        assert asyncio.run(node.warm_up().restore(tmp_path / "snapshot")) == len(kept)
        assert {text: node.tokens.get(text, node.trust, time.time()) for text in kept} == kept
        assert node.tokens.get(token("somebody").encode(), node.trust, time.time()) is None


def test_not_before_all_is_known(tmp_path: Path, kept: dict[bytes, Identity]) -> None:
    """While keys or denylist are not complete nothing is restored; at the start that is waited for."""
    with _node(tmp_path) as node:
        node.ready = False
        with pytest.raises(NotReadyError):
            asyncio.run(node.warm_up().restore(tmp_path / "snapshot"))

        async def main() -> None:
            following = asyncio.create_task(node.warm_up().follow())
            await asyncio.sleep(2 * warm_up.LOOK_SECONDS)
            assert list(node.shared.entries(time.time())) == []
            node.ready = True
            while len(list(node.shared.entries(time.time()))) < len(kept):  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)
            following.cancel()

        asyncio.run(main())


def test_too_late(tmp_path: Path, kept: dict[bytes, Identity], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where that takes too long it is given up, and said."""
    assert kept
    monkeypatch.setattr(warm_up, "PATIENCE", 0.0)
    with _node(tmp_path) as node:
        node.ready = False
        asyncio.run(node.warm_up()._restore_soon())
        node.ready = True
        assert list(node.shared.entries(time.time())) == []


def test_refused(tmp_path: Path, kept: dict[bytes, Identity], caplog: pytest.LogCaptureFixture) -> None:
    """Altered, of another key, of another Trust or readable by others it is refused, and nothing is in the cache."""
    assert kept
    file = tmp_path / "snapshot"
    with _node(tmp_path) as node:
        with pytest.raises(SnapshotError, match="not sealed"):
            asyncio.run(node.warm_up(b"x" * 32).restore(file))
        node.trust = trust(policy_set([{"name": "other", "action": "allow", "rules": [{}]}]))
        with pytest.raises(SnapshotError, match="another configuration"):
            asyncio.run(node.warm_up().restore(file))
        with caplog.at_level(logging.WARNING):
            asyncio.run(node.warm_up()._restore_soon())
        assert "another configuration" in caplog.text
        node.trust = trust()
        file.chmod(0o644)
        with pytest.raises(OSError, match="chmod"):
            asyncio.run(node.warm_up().restore(file))
        assert list(node.shared.entries(time.time())) == []


def test_one_in_anothers_place_restores_nothing(tmp_path: Path, kept: dict[bytes, Identity]) -> None:
    """A control process that takes over finds the cache as it is."""
    assert kept
    with _node(tmp_path) as node:

        async def main() -> None:
            following = asyncio.create_task(node.warm_up(restore_first=False).follow())
            await asyncio.sleep(0.05)
            following.cancel()

        asyncio.run(main())
        assert list(node.shared.entries(time.time())) == []


def test_ended_before_it_was_restored(tmp_path: Path, kept: dict[bytes, Identity]) -> None:
    """A start that ends before the snapshot was restored leaves it as it is, whatever it knows itself by then."""
    before = (tmp_path / "snapshot").read_bytes()
    with _node(tmp_path) as node:
        node.ready = False
        text, found = next(iter(kept.items()))
        node.tokens.put(text, found, time.time())

        async def main() -> None:
            keeping = node.warm_up()
            following = asyncio.create_task(keeping.follow())
            await asyncio.sleep(2 * warm_up.LOOK_SECONDS)
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await keeping.keep()  # as at the end

        asyncio.run(main())
    assert (tmp_path / "snapshot").read_bytes() == before


def test_one_at_a_time(tmp_path: Path, kept: dict[bytes, Identity], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody waits for a snapshot any more that is being written, the next one comes after it all the same."""
    under_way, began, go_on = [0], threading.Event(), threading.Event()
    most: list[int] = []

    def write(_file: Path, parts: Iterable[bytes]) -> None:
        under_way[0] += 1
        most.append(under_way[0])
        began.set()
        assert go_on.wait(20)
        assert b"".join(parts)
        under_way[0] -= 1

    monkeypatch.setattr(warm_up, "write_private", write)
    with _node(tmp_path) as node:
        for text, found in kept.items():
            node.tokens.put(text, found, time.time())

        async def main() -> None:
            keeping = node.warm_up(restore_first=False)
            first = asyncio.create_task(keeping.keep())
            await asyncio.to_thread(began.wait, 20)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            second = asyncio.create_task(keeping.keep())
            await asyncio.sleep(0.05)
            go_on.set()
            await second

        asyncio.run(main())
    assert most == [1, 1]


def test_what_is_to_be_asked_anew_is_not_kept(tmp_path: Path) -> None:
    """What an issuer vouched for when it was asked is in no snapshot, nor are refusals; an empty one is not written."""
    with _node(tmp_path) as node:
        for text, found in _identities(3).items():
            node.tokens.put(text, replace(found, ask_again_at=time.time() + 60), time.time())
        node.tokens.put(b"refused", Refused(Reason.BAD_SIGNATURE, node.trust.digest), time.time())
        asyncio.run(node.warm_up(restore_first=False).keep())
        assert not (tmp_path / "snapshot").exists()


def test_a_disk_that_is_full(tmp_path: Path, kept: dict[bytes, Identity], caplog: pytest.LogCaptureFixture) -> None:
    """Where it cannot be written that is said, and nothing else happens."""
    with _node(tmp_path / "nowhere") as node:
        for text, found in kept.items():
            node.tokens.put(text, found, time.time())
        asyncio.run(node.warm_up(restore_first=False).keep())
    assert "not written" in caplog.text
