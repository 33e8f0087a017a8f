"""The feed, against a real Redis: catching up, following, and whatever may happen to it on the way."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sidecar.revocation.dating import Arrived
from sidecar.revocation.feed import Feed
from sidecar.revocation.following import FeedError, NotTakenError, end
from sidecar.revocation.redis_at import RedisAt
from support.certificates import Authority
from support.redis_servers import STREAM, RedisServer, running_redis


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """Return a running Redis."""
    with running_redis(tmp_path) as server:
        yield server


@dataclass
class Reader:
    """Who reads a feed, and what came."""

    taken: list[bytes | None] = field(default_factory=list)
    ends: int = 0
    gaps: int = 0
    room: int = 10**6

    arrived: list[Arrived] = field(default_factory=list)

    async def take(self, messages: Sequence[Arrived]) -> None:
        """Take messages, as long as there is room."""
        if len(self.taken) + len(messages) > self.room:
            raise NotTakenError("no room")
        self.taken += [one.data for one in messages]
        self.arrived += messages

    async def missed(self) -> None:
        """Count gaps."""
        self.gaps += 1

    async def ended(self) -> None:
        """Count how often the end was reached."""
        self.ends += 1


def at(redis: RedisServer) -> RedisAt:
    return RedisAt(redis.url, STREAM)


async def until(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


@asynccontextmanager
async def following(feed: Feed):  # type: ignore[no-untyped-def]  # noqa: ANN201 - a context
    """Run a feed."""
    task = asyncio.create_task(feed.run())
    try:
        yield feed
    finally:
        await end(task)


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run a coroutine."""

    async def bounded() -> None:
        await test()

    asyncio.run(bounded())


def test_catches_up_and_follows(redis: RedisServer) -> None:
    """All that is in the stream is taken before its end is reached, and then what is added, each once and in order."""
    first = [b"%d" % number for number in range(450)]
    for message in first:
        redis.add(message)

    async def test() -> None:
        reader = Reader()
        async with following(Feed(at(redis), reader.take, reader.ended, reader.missed)) as feed:
            await until(lambda: feed.state.caught_up)
            assert reader.taken == first
            await feed.publish(b"later")
            await until(lambda: len(reader.taken) > 450)
            assert reader.taken[450:] == [b"later"]
            assert (feed.state.connected, feed.state.connections, reader.gaps) == (True, 1, 0)

    run(test)


def test_read_anew_while_it_is_read(redis: RedisServer) -> None:
    """What is to be read again while messages are taken is read again, all of it, though more came meanwhile."""
    for message in (b"1", b"2"):
        redis.add(message)

    async def test() -> None:
        taken: list[bytes | None] = []

        async def take(messages: Sequence[Arrived]) -> None:
            taken.extend(one.data for one in messages)
            if taken == [b"1", b"2", b"3"]:
                feed.begin_anew()

        feed = Feed(at(redis), take, Reader().ended, Reader().missed)
        async with following(feed):
            await until(lambda: feed.state.caught_up)
            await feed.publish(b"3")
            await until(lambda: len(taken) >= 6)
            assert taken == [b"1", b"2", b"3"] * 2

    run(test)


def test_messages_are_told_with_their_time(redis: RedisServer) -> None:
    """With each comes the time of its id, and whether it came while the stream was followed, or is read again."""
    redis.add(b"1", id="5500-7")

    async def test() -> None:
        reader = Reader()
        async with following(Feed(at(redis), reader.take, reader.ended, reader.missed)) as feed:
            await until(lambda: feed.state.caught_up)
            redis.add(b"2", id="7000-0")
            await until(lambda: len(reader.arrived) > 1)
            feed.begin_anew()
            await until(lambda: len(reader.arrived) > 3)
        old = [Arrived(b"1", 5.5, is_new=False), Arrived(b"2", 7.0, is_new=False)]
        assert reader.arrived == [old[0], old[1]._replace(is_new=True), *old]

    run(test)


def test_empty_stream_is_at_its_end(redis: RedisServer) -> None:
    """A stream that nobody ever wrote to is read to its end at once."""

    async def test() -> None:
        reader = Reader()
        async with following(Feed(at(redis), reader.take, reader.ended, reader.missed)) as feed:
            await until(lambda: feed.state.caught_up)
            await until(lambda: reader.ends > 1)
            assert (reader.taken, feed.state.trouble) == ([], "")

    run(test)


def test_entry_without_a_message(redis: RedisServer) -> None:
    """Whatever somebody puts into the stream, it is handed on or told to be none."""
    redis.client.xadd(STREAM, {"other": b"x"})
    redis.client.xadd(STREAM, {"jws": b"\xff\x00", "other": b"x"})

    async def test() -> None:
        reader = Reader()
        async with following(Feed(at(redis), reader.take, reader.ended, reader.missed)):
            await until(lambda: reader.taken == [None, b"\xff\x00"])

    run(test)


def test_stream_that_is_emptied_and_begun_anew(redis: RedisServer) -> None:
    """After FLUSHALL, and with ids that are lower than before, what is added is taken."""
    redis.add(b"before", id="9999999999999-5")

    async def test() -> None:
        reader = Reader()
        async with following(Feed(at(redis), reader.take, reader.ended, reader.missed)) as feed:
            await until(lambda: reader.taken == [b"before"])
            ends = reader.ends
            await until(lambda: reader.ends > ends + 1)
            redis.client.flushall()
            ends = reader.ends
            await until(lambda: reader.ends > ends + 1)
            redis.add(b"after", id="5-5")
            await until(lambda: reader.taken[-1] == b"after")
            assert feed.state.connected

    run(test)


def test_redis_that_was_restarted_empty(redis: RedisServer) -> None:
    """A lost connection is told, tried again, and the empty Redis that is found then is read from its beginning."""
    redis.add(b"before", id="9999999999999-5")

    async def test() -> None:
        reader = Reader()
        async with following(Feed(at(redis), reader.take, reader.ended, reader.missed)) as feed:
            await until(lambda: feed.state.caught_up)
            redis.stop()
            await until(lambda: not feed.state.connected)
            await until(lambda: feed.state.trouble)
            contact = feed.state.contact_at
            redis.start()
            redis.add(b"after", id="1-1")
            await until(lambda: reader.taken == [b"before", b"after"])
            assert (feed.state.connections, feed.state.trouble) == (2, "")
            assert contact is not None
            assert (feed.state.contact_at or 0) > contact

    run(test)


def test_trimmed_before_it_was_read(redis: RedisServer) -> None:
    """Entries that were trimmed away while the connection was lost are a gap, and it is told; the rest is taken."""
    redis.add(b"1")

    async def test() -> None:
        reader = Reader()
        feed = Feed(at(redis), reader.take, reader.ended, reader.missed)
        async with following(feed):
            await until(lambda: reader.ends > 2)
        for message in (b"2", b"3", b"4"):
            redis.add(message)
        redis.client.xtrim(STREAM, maxlen=1, approximate=False)
        async with following(feed):
            await until(lambda: reader.taken == [b"1", b"4"])
            await until(lambda: reader.gaps)
            assert reader.gaps == 1

    run(test)


def test_trimmed_after_it_was_read(redis: RedisServer) -> None:
    """What was read may be trimmed: that is no gap."""
    redis.add(b"1")

    async def test() -> None:
        reader = Reader()
        feed = Feed(at(redis), reader.take, reader.ended, reader.missed)
        async with following(feed):
            await until(lambda: reader.ends > 2)
        redis.add(b"2")
        redis.client.xtrim(STREAM, maxlen=1, approximate=False)
        async with following(feed):
            await until(lambda: reader.taken == [b"1", b"2"])
            ends = reader.ends
            await until(lambda: reader.ends > ends + 1)
            assert reader.gaps == 0

    run(test)


@pytest.mark.parametrize("deleted", [[2], [3], [2, 3, 4], [4]])
def test_deleted_before_it_was_read(redis: RedisServer, deleted: list[int]) -> None:
    """Entries that were deleted unread are a gap, which is told once, be there any behind them or none."""
    redis.add(b"1", id="1-0")

    async def test() -> None:
        reader = Reader()
        feed = Feed(at(redis), reader.take, reader.ended, reader.missed)
        async with following(feed):
            await until(lambda: reader.ends > 1)
        for number in (2, 3, 4):
            redis.add(b"%d" % number, id=f"{number}-0")
        for number in deleted:
            redis.client.xdel(STREAM, f"{number}-0")
        async with following(feed):
            ends = reader.ends
            await until(lambda: reader.ends > ends + 2)
            assert reader.gaps == 1
            redis.add(b"5", id="5-0")
            await until(lambda: reader.taken[-1] == b"5")
            ends = reader.ends
            await until(lambda: reader.ends > ends + 1)
        assert reader.taken == [b"1", *(b"%d" % number for number in (2, 3, 4) if number not in deleted), b"5"]
        assert reader.gaps == 1

    run(test)


def test_what_is_no_gap(redis: RedisServer) -> None:
    """A stream that was trimmed before we came, what is trimmed once it was read, reading again, and another stream."""
    for number in range(1, 6):
        redis.add(b"%d" % number, id=f"{number}-0")
    redis.client.xtrim(STREAM, maxlen=2, approximate=False)
    redis.client.xdel(STREAM, "5-0")

    async def test() -> None:
        reader = Reader()
        feed = Feed(at(redis), reader.take, reader.ended, reader.missed)

        async def add(number: int) -> None:
            redis.add(b"%d" % number, id=f"{number}-0")
            await until(lambda: reader.taken[-1] == b"%d" % number)
            ends = reader.ends
            await until(lambda: reader.ends > ends)

        async with following(feed):
            await until(lambda: reader.ends > 1)
            await add(6)
            await add(7)
            redis.client.xdel(STREAM, "7-0")
            redis.client.xtrim(STREAM, maxlen=0, approximate=False)
            await add(8)
            feed.begin_anew()
            await add(9)
        redis.add(b"10", id="10-0")
        feed.begin_anew()
        redis.add(b"11", id="11-0")
        async with following(feed):
            await until(lambda: reader.taken[-1] == b"11")
            ends = reader.ends
            await until(lambda: reader.ends > ends + 1)
            redis.client.flushall()
            await until(lambda: not feed._mark.known_to.milliseconds)
            await add(3)
        assert reader.gaps == 0

    run(test)


def test_what_cannot_be_stored_is_read_again(redis: RedisServer) -> None:
    """The position moves on when a message was stored, and not before."""
    redis.add(b"1")

    async def test() -> None:
        reader = Reader(room=0)
        async with following(Feed(at(redis), reader.take, reader.ended, reader.missed)) as feed:
            await until(lambda: feed.state.stuck)
            assert (feed.state.caught_up, reader.ends, feed.state.trouble) == (False, 0, "no room")
            reader.room = 5
            await until(lambda: feed.state.caught_up)
            assert (reader.taken, feed.state.stuck, feed.state.trouble) == ([b"1"], False, "")

    run(test)


def test_redis_that_hangs(redis: RedisServer) -> None:
    """A Redis that answers nothing is left after its time, and publishing to it fails in its own."""

    async def test() -> None:
        reader = Reader()
        async with following(Feed(at(redis), reader.take, reader.ended, reader.missed)) as feed:
            await until(lambda: feed.state.caught_up)
            redis.freeze()
            with pytest.raises(FeedError):
                await feed.publish(b"never")
            await until(lambda: not feed.state.connected)
            redis.thaw()
            await until(lambda: feed.state.connected)

    run(test)


def test_nobody_there() -> None:
    """Where there is no Redis, that is told, and publishing fails."""

    async def test() -> None:
        reader = Reader()
        feed = Feed(RedisAt("redis://127.0.0.1:1/0", STREAM), reader.take, reader.ended, reader.missed)
        async with following(feed):
            await until(lambda: feed.state.trouble)
            assert (feed.state.caught_up, feed.state.connected) == (False, False)
            with pytest.raises(FeedError):
                await feed.publish(b"never")

    run(test)


ACL = "user reader on >{password} ~authz:* +xread +xinfo +xadd"


def test_tls_and_acl(tmp_path: Path) -> None:
    """With TLS, a client certificate and a user of few rights it works; with another CA, or password, it does not."""
    password = "p" * 20
    (tmp_path / "users.acl").write_text(
        f"user default off\n{ACL.format(password=password)}\nuser admin on nopass ~* +@all\n"
    )
    authority, stranger = Authority(tmp_path, "ca"), Authority(tmp_path, "other")
    server, client = authority.sign("server"), authority.sign("client")
    arguments = [
        *("--port", "0", "--tls-port", "PORT", "--tls-cert-file", server.certificate, "--tls-key-file", server.key),
        *("--tls-ca-cert-file", authority.file, "--aclfile", str(tmp_path / "users.acl")),
    ]
    files = {"ssl_ca_certs": authority.file, "ssl_certfile": client.certificate, "ssl_keyfile": client.key}
    (tmp_path / "password").write_text(f"{password}\n")
    (tmp_path / "wrong").write_text("wrong\n")
    with running_redis(tmp_path, arguments, ssl=True, username="admin", password="", **files) as redis:

        def there(ca: str = authority.file, name: str = "password") -> RedisAt:
            return RedisAt(
                f"rediss://127.0.0.1:{redis.port}/0",
                STREAM,
                "reader",
                tmp_path / name,
                Path(ca),
                Path(client.certificate),
                Path(client.key),
            )

        async def test() -> None:
            reader = Reader()
            async with following(Feed(there(), reader.take, reader.ended, reader.missed)) as feed:
                await feed.publish(b"1")
                await until(lambda: reader.taken == [b"1"])
            for at_wrong in (there(ca=stranger.file), there(name="wrong"), there(name="none")):
                feed = Feed(at_wrong, reader.take, reader.ended, reader.missed)
                async with following(feed):
                    await until(lambda: feed.state.trouble)  # noqa: B023 - awaited at once
                    assert password not in feed.state.trouble
                    with pytest.raises(FeedError):
                        await feed.publish(b"2")
            assert reader.taken == [b"1"]

        run(test)


def test_certificate_that_has_expired(tmp_path: Path) -> None:
    """A Redis with one is neither read nor written to: what is wrong is told, and nothing was taken."""
    authority = Authority(tmp_path, "ca")
    old = authority.sign("old", days=-1)
    arguments = [
        *("--port", "0", "--tls-port", "PORT", "--tls-cert-file", old.certificate, "--tls-key-file", old.key),
        *("--tls-ca-cert-file", authority.file, "--tls-auth-clients", "no"),
    ]
    with running_redis(tmp_path, arguments, ssl=True, ssl_cert_reqs="none", ssl_check_hostname=False) as redis:
        redis.add(b"1")
        there = RedisAt(f"rediss://127.0.0.1:{redis.port}/0", STREAM, ca_file=Path(authority.file))

        async def test() -> None:
            reader = Reader()
            feed = Feed(there, reader.take, reader.ended, reader.missed)
            async with following(feed):
                await until(lambda: feed.state.trouble)
                assert "certificate" in feed.state.trouble, feed.state.trouble
                with pytest.raises(FeedError):
                    await feed.publish(b"2")
            assert (reader.taken, reader.ends, feed.state.caught_up) == ([], 0, False)
            assert redis.client.xlen(STREAM) == 1

        run(test)
