"""From what a server logs of its decisions to its counters in shared memory."""

from typing import Final

from sidecar.memory.counters import Row
from sidecar.observe.log_series import RECORDS, LogOutput, LogResult
from sidecar.observe.series import index_of

#: The indices of what is counted.
LOG_RECORD: Final = {
    (output, result): index_of(RECORDS, output.value, result.value) for output in LogOutput for result in LogResult
}


class LogMeter:
    """Counts in ``row``."""

    def __init__(self, row: Row) -> None:
        self._row = row

    def count(self, output: LogOutput, result: LogResult, count: int) -> None:
        """Note what became of so many records."""
        self._row.add(LOG_RECORD[output, result], count)
