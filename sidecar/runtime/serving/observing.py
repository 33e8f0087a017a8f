"""What is told of each check, once it has its answer: metrics always, others where a configuration asks for it."""

import logging
from collections.abc import Sequence

from sidecar.core.needs import Decided
from sidecar.engine.engine import Observer
from sidecar.memory.counters import Row
from sidecar.observe.checks import counting

_log = logging.getLogger(__name__)

#: How each check ended, after how many seconds, what was asked (with the token in it: it must not be kept for longer
#: than it takes to read what may be told), and whether the check had to wait for anything.
Watcher = Observer


def observer_of(row: Row, watchers: Sequence[Watcher] = ()) -> Observer:
    """Return what tells of each check. Without ``watchers`` it is the metrics alone, with nothing around them."""
    observe: Observer = counting(row)
    for watcher in watchers:
        observe = _and(observe, watcher)
    return observe


def _and(before: Observer, watcher: Watcher) -> Observer:
    # One call more for each watcher: a loop over them would take as long again as what the first one does.
    def observe(decided: Decided, seconds: float, request: bytes, waited: bool) -> None:  # noqa: FBT001 - a fact
        before(decided, seconds, request, waited)
        try:
            watcher(decided, seconds, request, waited)
        except Exception:  # noqa: BLE001 - the answer goes its way, whatever becomes of what is told of it
            _log.exception("a check could not be told of")

    return observe
