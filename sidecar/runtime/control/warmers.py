"""Tokens to the servers, each of which verifies a part of them, and back how they ended."""

import asyncio
import json
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence

from sidecar.runtime.control.conversation import Participant
from sidecar.runtime.ipc.blob import store
from sidecar.runtime.ipc.channel import Kind, Message

#: Seconds that the servers get for all of it.
PATIENCE = 25.0
#: Tokens that a server is given at once: reading those takes it some 3 ms, in which no check is answered.
AT_ONCE = 1000
#: What is said of tokens that a server did not answer about.
UNANSWERED = "unanswered"


class Warmers:
    """Asks ``participants``. For one event loop."""

    def __init__(self, participants: Sequence[Participant]) -> None:
        self._participants = participants
        self._waiting: dict[int, asyncio.Future[str]] = {}

    async def warm(self, tokens: Sequence[str]) -> Mapping[str, int]:
        """Have ``tokens`` verified; return how many ended how."""
        number = len(self._participants)
        until = asyncio.get_running_loop().time() + PATIENCE
        parts = (tokens[index::number] for index in range(number))
        asked = zip(self._participants, parts, strict=True)
        counts = await asyncio.gather(*(self._ask_bit_by_bit(one, part, until) for one, part in asked))
        return sum(counts, Counter())

    def hear(self, message: Message) -> None:
        """Take an answer; one that nobody waits for is dropped."""
        waiting = self._waiting.get(message.generation)
        if waiting is not None and not waiting.done():
            waiting.set_result(message.text)

    async def _ask_bit_by_bit(self, one: Participant, tokens: Sequence[str], until: float) -> "Counter[str]":
        counts: Counter[str] = Counter()
        for start in range(0, len(tokens), AT_ONCE):
            counts += await self._ask(one, tokens[start : start + AT_ONCE], until)
            if counts[UNANSWERED]:  # it is given no more than it answers for
                return counts + Counter({UNANSWERED: len(tokens[start + AT_ONCE :])})
        return counts

    async def _ask(self, one: Participant, tokens: Sequence[str], until: float) -> "Counter[str]":
        # Drawn at random, so that nothing is taken for the answer that was meant for another question.
        question = secrets.randbits(63)
        waiting = self._waiting[question] = asyncio.get_running_loop().create_future()
        try:
            # Through memory without a name, and never a file: they are credentials.
            with store(json.dumps(tokens).encode()) as held:
                if not one.channel.send(Message(Kind.WARM, question, descriptors=(held.fileno(),))):
                    return Counter({UNANSWERED: len(tokens)})
            async with asyncio.timeout_at(until):
                return Counter(json.loads(await waiting))
        except TimeoutError:
            return Counter({UNANSWERED: len(tokens)})
        finally:
            del self._waiting[question]
