"""What goes between a server and a process that asks hooks: JSON, each message with its length before it.

```
┌─────────────┬───────────────┐
│ length, u32 │ JSON in UTF-8 │   big-endian; nothing is pickled
└─────────────┴───────────────┘
```
"""

import json
import struct
from collections.abc import Callable

from sidecar.core.hooked import HookAnswer, HookResult
from sidecar.hooking.views import Question

LENGTH = struct.Struct(">I")
#: Bytes of the longest message. A request is bounded by what Envoy sends.
MOST_BYTES = 16 * 1024 * 1024


class WireError(Exception):
    """Bytes that are no message: the other side is not what it should be, or gone."""


def packed(message: object) -> bytes:
    """Return a message as bytes; raises ``WireError`` for one that is too long."""
    data = json.dumps(message).encode()
    if len(data) > MOST_BYTES:
        raise WireError(f"a message of {len(data)} bytes")
    return LENGTH.pack(len(data)) + data


def length_of(head: bytes) -> int:
    """Return how many bytes follow; raises ``WireError``."""
    length = int(LENGTH.unpack(head)[0])
    if length > MOST_BYTES:
        raise WireError(f"a message of {length} bytes")
    return length


def read(receive: Callable[[int], bytes]) -> object:
    """Read a message, ``receive(n)`` giving exactly ``n`` bytes; raises ``WireError``."""
    return unpacked(receive(length_of(receive(LENGTH.size))))


def unpacked(data: bytes) -> object:
    """Return the message in ``data``; raises ``WireError``."""
    try:
        return json.loads(data)
    except ValueError as error:
        raise WireError(str(error)) from None


def plain_question(asked: Question) -> dict[str, object]:
    """Return a question as JSON has it."""
    return {"request": asked.request, "identity": asked.identity, "paths": list(asked.paths)}


def question_of(message: dict[str, object]) -> Question:
    """Read it back."""
    request, identity, paths = message["request"], message["identity"], message["paths"]
    assert isinstance(request, dict)  # noqa: S101 - as written above
    assert identity is None or isinstance(identity, dict)  # noqa: S101 - the same
    assert isinstance(paths, list)  # noqa: S101 - the same
    return Question(request, identity, tuple(paths))


def plain_answer(answer: HookAnswer) -> dict[str, object]:
    """Return an answer as JSON has it."""
    return {**answer._asdict(), "result": answer.result.value}


def answer_of(message: object) -> HookAnswer:
    """Read an answer back; raises ``WireError`` for what is none."""
    if not isinstance(message, dict) or message.keys() != set(HookAnswer._fields):
        raise WireError("no answer")
    try:
        headers = tuple((str(name), str(value)) for name, value in message["headers"])
        return HookAnswer(**{**message, "result": HookResult(message["result"]), "headers": headers})
    except (TypeError, ValueError) as error:
        raise WireError(str(error)) from None
