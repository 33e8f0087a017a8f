"""A denylist that is written to without end, and who looks whether it ever tells a lie.

All follows from one number, which stands in the header where the list itself has nothing: how many digests were
acknowledged, which is to say that ``add`` or ``load`` has returned. It is the clock too.
"""

import random
from struct import unpack_from
from typing import Self

from memory.denylists import NOW, digest
from sidecar.memory.denylist import Denylist
from sidecar.memory.segment import Segment

#: A few homes, so that buckets overflow all the time; the last ones go round the end.
HOMES = 12
LONGEST = 20
_RECENT = 100


def one_of(number: int) -> bytes:
    """Return the digest of a number."""
    return digest(number, home=(55 + number % HOMES) % 63)


def clock(number: int) -> int:
    """Return the time at which a number is added, or later."""
    return int(NOW) + number // 4


def expiry_of(number: int) -> int:
    """Return until when it is on the list: 1 to 20 seconds, 4 to 80 numbers."""
    return clock(number) + 8 + digest(number)[0] % (LONGEST - 7)


def acknowledged(shared: Segment) -> memoryview:
    """Return the cell with the number."""
    return memoryview(shared.memory)[16:24].cast("Q")


class Witness:
    """A reader that remembers what it was told."""

    def __init__(self, shared: Segment, chance: random.Random) -> None:
        self._list, self._shared, self._chance = Denylist(shared), shared, chance
        self._absent: dict[int, int] = {}
        self.found = 0
        self.passed = 0

    def look(self) -> None:
        """Look at a few digests, and hold what is seen against what must be."""
        number = self._number()
        self._known(self._chance.randrange(max(0, number - _RECENT), number) if number else 0, number)
        self._future(number + self._chance.randrange(3))
        never = digest(-self._chance.randrange(1, 1 << 40), home=self._chance.randrange(63))
        assert not self._list.contains(never, NOW), f"{never.hex()} was never added"

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the memory."""
        self._list.close()

    def _number(self) -> int:
        return int(unpack_from("Q", self._shared.memory, 16)[0])

    def _known(self, one: int, number: int) -> None:
        """What was acknowledged is found as long as its time is not over, and not a second longer."""
        if one >= number:
            return
        found = self._list.contains(one_of(one), expiry_of(one) - 1)
        # The writer may have gone on, past its end and a load of seven more, and swept it.
        if clock(self._number() + 7) < expiry_of(one):
            assert found, f"{one} is missing"
        self.found += found
        assert not self._list.contains(one_of(one), expiry_of(one)), f"{one} is still there"

    def _future(self, one: int) -> None:
        """What was looked up in vain, and is acknowledged now, has another epoch."""
        denied, epoch = self._list.look_up([one_of(one)], clock(one))
        # Unless it was added, ran out and was swept before we came to look.
        if not denied and self._number() <= one:
            self._absent[one] = epoch
        number = self._number()
        for seen in [seen for seen in self._absent if seen < number]:
            assert self._list.epoch != self._absent.pop(seen), f"the epoch does not tell of {seen}"
            self.passed += 1
