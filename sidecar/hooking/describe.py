"""A process that says what hooks are: ``python -m sidecar.hooking.describe``, with a JSON question on its input.

A module does what it likes when it is imported: it starts threads, connects, prints. So nobody imports it who does not
ask it. The answer goes to the descriptor that the output was; what modules print goes to the error output.
"""

import json
import os
import sys

from sidecar.hooking.facts import HookFacts
from sidecar.hooking.finding import HookError, find, look_into


def main() -> None:
    """Answer the one question, and end at once, whatever threads there may be."""
    answer = os.dup(1)
    os.dup2(2, 1)
    question = json.load(sys.stdin)
    look_into(question["folder"])
    found = [_described(call) for call in question["calls"]]
    with os.fdopen(answer, "w", encoding="utf-8") as output:
        json.dump(found, output)
    sys.stderr.flush()
    os._exit(0)


def _described(call: str) -> dict[str, object]:
    try:
        found = find(call)
    except HookError as error:
        return {"error": str(error)}
    return HookFacts.of(found).plain()


if __name__ == "__main__":
    main()
