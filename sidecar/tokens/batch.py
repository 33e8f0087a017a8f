"""Signing many payloads at once for a command, which has the key: in this process, or spread over several.

payloads ── in pieces, in their order ──> processes, each of which read the key file ──> tokens, in the same order
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import get_context

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
    # Spawned: a command's libraries may have threads, which no fork survives.
    with ProcessPoolExecutor(workers, get_context("spawn"), _begin, (file, token_type)) as pool:
        futures = [pool.submit(_sign, piece) for piece in pieces]
        for future in futures:
            tokens = None
            with suppress(BrokenProcessPool):
                tokens = future.result()
            if tokens is None:
                raise WorkerLostError("a process that signs ended early")
            yield from tokens


#: What a process of the pool signs with.
_SIGNING: list[tuple[MintingKey, str]] = []


def _begin(file: KeyFile, token_type: str) -> None:
    _SIGNING[:] = [(read_minting_key(file), token_type)]


def _sign(payloads: Sequence[bytes]) -> list[bytes]:
    ((key, token_type),) = _SIGNING
    return list(_here(key, payloads, token_type))
