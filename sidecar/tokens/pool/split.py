"""Cutting many signing inputs into jobs."""

from collections.abc import Sequence

from sidecar.tokens.pool.codec import MAX_COUNT, MAX_INPUT_BYTES

#: Bytes of signing inputs in a job, unless one alone has more: jobs of this size are what rings are planned for.
_USUAL_BYTES = 4000


def split(inputs: Sequence[bytes], workers: int) -> list[Sequence[bytes]]:
    """Return ``inputs`` in pieces of at most ``MAX_COUNT``, and so that each of ``workers`` has some to do.

    Raises ``ValueError`` for one input that is too large.
    """
    most = min(MAX_COUNT, -(-len(inputs) // workers))
    pieces: list[list[bytes]] = []
    size = 0
    for each in inputs:
        if len(each) > MAX_INPUT_BYTES:
            raise ValueError(f"a signing input of {len(each)} bytes: {MAX_INPUT_BYTES} at the most")
        if not pieces or len(pieces[-1]) == most or size + len(each) > _USUAL_BYTES:
            pieces.append([])
            size = 0
        pieces[-1].append(each)
        size += len(each)
    return list(pieces)
