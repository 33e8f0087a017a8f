"""Signing many payloads at once for a command, which has the key: in this process, or spread over several.

payloads ── in pieces, in their order ──> processes, each of which read the key file ──> tokens, in the same order

Each process has a connection of its own and one piece at a time: it is sent none while it answers, so that neither
waits for the other, and whoever is killed is the end of the connection. (``concurrent.futures`` has one queue for all,
and up to Python 3.11.4 waits for ever where a process is killed while that is written to.)
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait

from sidecar.tokens.claims import encode_header, encode_token
from sidecar.tokens.key_file import KeyFile, read_minting_key
from sidecar.tokens.minting_key import MintingKey

#: Payloads in a piece: some 10 ms of Ed25519, 200 ms of RSA with 2048 bits.
_PIECE = 256


class WorkerLostError(RuntimeError):
    """A process ended before it had signed its share."""


def sign_batch(file: KeyFile, payloads: Sequence[bytes], token_type: str, workers: int = 0) -> Iterator[bytes]:
    """Give a token for each of ``payloads`` (base64url), in their order, signed by ``workers`` processes.

    0 workers, or no more than one piece: signed here. Raises ``SigningKeyError`` before the first token where the key
    cannot be used, and ``WorkerLostError`` where a process was killed: what was given until then is good.
    """
    key = read_minting_key(file)
    pieces = [payloads[start : start + _PIECE] for start in range(0, len(payloads), _PIECE)]
    if workers < 1 or len(pieces) < 2:  # noqa: PLR2004 - one piece is one process's
        return _here(key, payloads, token_type)
    return _spread(file, pieces, token_type, min(workers, len(pieces)))


def _here(key: MintingKey, payloads: Sequence[bytes], token_type: str) -> Iterator[bytes]:
    header = encode_header(key.public, token_type)
    for payload in payloads:
        signing_input = header + b"." + payload
        yield encode_token(signing_input, key.sign(signing_input))


def _spread(file: KeyFile, pieces: Sequence[Sequence[bytes]], token_type: str, workers: int) -> Iterator[bytes]:
    with ExitStack() as stack:
        connections = [stack.enter_context(_signing(file, token_type)) for _ in range(workers)]
        for tokens in _in_order(connections, pieces):
            yield from tokens


@contextmanager
def _signing(file: KeyFile, token_type: str) -> Iterator[Connection]:
    """Give the connection to a process that signs, and end it."""
    context = get_context("spawn")  # a command's libraries may have threads, which no fork survives
    here, there = context.Pipe()
    process = context.Process(target=_sign, args=(there, file, token_type), daemon=True)
    process.start()
    there.close()  # the process's end is the only one, and goes with it
    try:
        yield here
    finally:
        here.close()
        process.kill()  # it has nothing to lose
        process.join()


def _in_order(connections: Sequence[Connection], pieces: Sequence[Sequence[bytes]]) -> Iterator[list[bytes]]:
    """Give the tokens of each piece; whoever has signed one gets the next."""
    left, signing, signed = iter(enumerate(pieces)), dict[Connection, int](), dict[int, list[bytes]]()

    def give(connection: Connection) -> None:
        for place, piece in left:
            signing[connection] = place
            connection.send_bytes(_together(piece))
            return

    def take(connection: Connection) -> None:
        signed[signing.pop(connection)] = _apart(connection.recv_bytes())
        give(connection)

    with _lost():
        for connection in connections:
            give(connection)
    for place in range(len(pieces)):
        with _lost():
            while place not in signed:
                for ready in wait(list(signing)):
                    assert isinstance(ready, Connection)  # noqa: S101 - for mypy
                    take(ready)
        yield signed.pop(place)


@contextmanager
def _lost() -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError):
        raise WorkerLostError("a process that signs ended early") from None


def _sign(connection: Connection, file: KeyFile, token_type: str) -> None:
    """Be a process that signs, until the other end is closed."""
    key = read_minting_key(file)
    with suppress(EOFError, ConnectionError, KeyboardInterrupt):
        while True:
            connection.send_bytes(_together(_here(key, _apart(connection.recv_bytes()), token_type)))


# Neither payloads, which are base64url, nor tokens have a line end in them.
def _together(words: Iterable[bytes]) -> bytes:
    return b"\n".join(words)


def _apart(words: bytes) -> list[bytes]:
    return words.split(b"\n")
