"""Fork writers that are killed one after the other.

    write.py FD KEYS

For each line of input a writer is forked, and its process id printed once it is at work; the next line is read when it
has ended. A writer puts, discards and reads at random, and says on standard error what it reads that is wrong.
"""

import os
import random
import sys

from memory.caches import LATER, NOW, SEED, is_value_for, key, value_for
from sidecar.memory import segment
from sidecar.memory.cache import SharedCache

#: A writer ends by itself after so many rounds, or when nobody is left to kill it.
ROUNDS, LOOK_UP = 2_000_000, 256


def main() -> None:
    """Fork as many as are asked for."""
    shared, keys = segment.attach(int(sys.argv[1])), [key(number) for number in range(int(sys.argv[2]))]
    for line in sys.stdin:
        parent = os.getpid()
        child = os.fork()
        if not child:
            work(SharedCache(shared, SEED), keys, random.Random(line), parent)  # noqa: S311 - not for secrets
            os._exit(0)
        os.waitpid(child, 0)
        say("ended")


def work(cache: SharedCache, keys: list[bytes], chance: random.Random, parent: int) -> None:
    """Put, discard and read until killed."""
    for turn in range(ROUNDS):
        one_round(cache, chance.choice(keys), chance)
        if turn == 0:
            say(str(os.getpid()))
        if turn % LOOK_UP == 0 and os.getppid() != parent:
            return


def one_round(cache: SharedCache, key: bytes, chance: random.Random) -> None:
    """Do one thing with a key."""
    negative = chance.random() < 0.2
    longest = min(cache.max_value_bytes, 256) if negative else cache.max_value_bytes
    what = chance.random()
    if what < 0.7:
        cache.put(key, value_for(key, chance.randrange(1 << 16), longest), LATER, NOW + what, negative=negative)
    elif what < 0.75:
        cache.discard(key)
    else:
        found = cache.get(key, NOW)
        if found and not is_value_for(key, found.value, 256 if found.negative else cache.max_value_bytes):
            sys.stderr.write(f"wrong value for {key.hex()}\n")


def say(line: str) -> None:
    """Print a line at once, past all buffers that a fork would double."""
    os.write(1, line.encode() + b"\n")


if __name__ == "__main__":
    main()
