"""Checks with new tokens, some at once, on one server: each is verified, and each answer is looked at."""

import asyncio
import itertools
import threading
from collections import Counter
from typing import Self

import grpc

from sidecar.demo.workspace import Workspace
from support.answers import read_answer
from support.fronts import CHECK
from support.requests import with_token

#: One token in so many has another one's signature: few enough for nobody to be turned away for it.
FORGED = 60
#: Seconds between all that were asked at once and the next ones: a load, and no attack on the machine.
PAUSE = 0.02


class Misses:
    """Asks until the context closes. ``wrong`` counts the answers that were not what the token is worth."""

    def __init__(self, workspace: Workspace, address: str, at_once: int = 5) -> None:
        self.answered = 0
        self.wrong: Counter[str] = Counter()
        self._workspace, self._address, self._at_once = workspace, address, at_once
        self._numbers = itertools.count(1)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End, with all that was asked answered."""
        self._stopping.set()
        self._thread.join(60)

    async def _run(self) -> None:
        async with grpc.aio.insecure_channel(self._address) as channel:
            call = channel.unary_unary(CHECK)  # type: ignore[call-arg]  # the stubs want the serialisers that may be left out
            while not self._stopping.is_set():
                await asyncio.gather(*(self._ask(call) for _ in range(self._at_once)))
                await asyncio.sleep(PAUSE)

    def _token(self, number: int, *, good: bool) -> str:
        token = self._workspace.token(jti=f"{self._address}-{number}")
        if good:
            return token
        other = self._workspace.token(jti="of another token")
        return f"{token.rpartition('.')[0]}.{other.rpartition('.')[2]}"

    async def _ask(self, call: "grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]") -> None:
        number = next(self._numbers)
        good = number % FORGED != 0
        try:
            found = read_answer(await call(with_token(self._token(number, good=good)), timeout=20.0)).reason
        except grpc.RpcError as error:
            found = f"{error.code()}"
        self.answered += 1
        if found != ("allowed" if good else "bad_signature"):
            self.wrong[found] += 1
