"""Whether a bearer token could be guessed: not how strong it is, which no single token tells, but that it is weak.

A random token uses most of its alphabet, about evenly, and has no period. What a person typed does not: a word filled
up with zeros, ``1234…``, ``changemechangeme…``. Its first period's length times the entropy of its characters (Shannon,
"A Mathematical Theory of Communication", 1948, section 6), in bits, is far below that of a random one of that length:
of 32 random hexadecimal digits, the shortest that is taken, one in a million has less than 90.
"""

from collections import Counter
from itertools import pairwise
from math import log2
from typing import Final

#: Bits below which a token is weak.
ENOUGH_BITS: Final = 80.0
#: Share of characters that follow on the one before by the same step, as in 0123 or abcd, that makes a token weak.
_IN_STEP: Final = 0.5


def is_weak(token: bytes) -> bool:
    """Say whether ``token`` could be guessed, whatever its length."""
    return _bits(token[: _period(token)]) < ENOUGH_BITS or _is_counted(token)


def _bits(text: bytes) -> float:
    counts = Counter(text).values()
    return sum(count * log2(len(text) / count) for count in counts)


def _period(text: bytes) -> int:
    """Return after how many bytes ``text`` comes again, the last time cut short perhaps; its length if it does not."""
    return next((size for size in range(1, len(text)) if text.startswith(text[size:])), len(text))


def _is_counted(text: bytes) -> bool:
    steps = Counter(after - before for before, after in pairwise(text))
    return any(abs(step) == 1 and count >= _IN_STEP * len(text) for step, count in steps.items())
