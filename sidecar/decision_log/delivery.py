"""A thread that writes what one loop hands over to it: whatever writing takes, the loop goes on."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue

from sidecar.decision_log.output import Output, OutputError, Told
from sidecar.observe.log_series import LogOutput, LogResult

#: Records that are written at once, if so many wait.
_MOST_AT_ONCE = 1024

#: Told in the loop what became of so many records, and why.
Settled = Callable[[LogOutput, LogResult, int, str], None]


class Delivery:
    """Hands records to ``output``, in their order. At most ``most`` wait; all but the thread's work is in the loop."""

    def __init__(self, name: LogOutput, output: Output, most: int, settled: Settled) -> None:
        self.name = name
        self._output = output
        self._most = most
        self._settled = settled
        self._waiting = 0
        self._queue = SimpleQueue[Sequence[Told] | None]()
        self._loop = asyncio.get_running_loop()
        # A daemon: a pipe that nobody reads must not keep a process from ending.
        self._thread = threading.Thread(target=self._work, name=f"decision-log-{name}", daemon=True)
        self._thread.start()

    def offer(self, batch: Sequence[Told]) -> None:
        """Have records written, or tell that there is no room for them."""
        if self._waiting + len(batch) > self._most:
            self._settled(self.name, LogResult.FULL, len(batch), "writing is too slow")
            return
        self._waiting += len(batch)
        self._queue.put(batch)

    @property
    def waiting(self) -> int:
        """Return how many records wait to be written."""
        return self._waiting

    async def close(self, seconds: float) -> None:
        """Have all that waits written, for so long at the most."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join, max(0.0, seconds))
        # What the thread told last.
        await asyncio.sleep(0)
        if self._waiting:
            self._settled(self.name, LogResult.FAILED, self._waiting, "it was not written before the end")

    def _work(self) -> None:
        going = True
        while going:
            batch = list(self._queue.get() or ())
            going = bool(batch) and self._gather(batch)
            if batch:
                self._write(batch)
        with suppress(Exception):  # it is the end, whatever else a library may raise
            self._output.close()

    def _gather(self, batch: list[Told]) -> bool:
        """Add what waits as well; ``False`` where nothing comes any more."""
        with suppress(Empty):
            while len(batch) < _MOST_AT_ONCE:
                more = self._queue.get_nowait()
                if more is None:
                    return False
                batch.extend(more)
        return True

    def _write(self, batch: Sequence[Told]) -> None:
        written, problem = 0, "there is no room for all of it"
        try:
            written = self._output.write(batch)
        except OSError as error:
            problem = error.strerror or type(error).__name__
        except OutputError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - a library's, in whose text there may be anything: it is not told
            problem = type(error).__name__
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._told, len(batch), written, problem)

    def _told(self, count: int, written: int, problem: str) -> None:
        self._waiting -= count
        self._settled(self.name, LogResult.WRITTEN, written, "")
        self._settled(self.name, LogResult.FAILED, count - written, problem)
