"""An administration that answers with a report, in a thread: it can be stopped, and started again."""

import asyncio
import tempfile
import threading
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sidecar.cli.administered import Administered
from sidecar.cli.status import handed_on
from sidecar.http.admin import Route
from sidecar.http.listeners import Access, admin_listener
from sidecar.http.message import JSON, Answer
from sidecar.http.server import Limits, Listener
from sidecar.report.model import Report
from sidecar.report.wire import encode
from sidecar.status.denials import Denial
from sidecar.status.pages import StatusPages
from sidecar.transport.address import Address, TcpAddress, UnixAddress
from support.denials import denial
from support.status_reports import report
from support.trusts import trust

_PATIENCE = 30.0
_SECRET = "s3cret"
_OPEN = Access()


class Reporter:
    """Listens ``at`` an address, for whom ``access`` lets in."""

    def __init__(self, at: Address, access: Access) -> None:
        self._at, self._access = at, access
        self.denials: Sequence[Denial] = [denial()]
        self.answer: Answer | None = None  #: in place of a report
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._listener: Listener | None = None
        self._handing: Listener | None = None

    @property
    def address(self) -> str:
        """Where it is, as commands are given it."""
        assert self._listener is not None
        return f"https://{self._listener.address}" if self._access.tls else str(self._listener.address)

    def start(self) -> None:
        """Answer."""
        self._run(self._start())

    def stop(self) -> None:
        """Answer no more."""
        self._run(self._stop())

    def hand_on(self) -> str:
        """Do as ``authz-sidecar status`` does; return the page's address."""
        listener = Listener(TcpAddress("127.0.0.1", 0), handed_on(Administered(self._at), _SECRET), Limits())
        self._run(listener.start())
        self._handing = listener
        return f"http://{listener.address}/{_SECRET}/status"

    def close(self) -> None:
        """End."""
        if self._handing is not None:
            self._run(self._handing.stop())
        self.stop()
        # What was scheduled by then is done before the loop ends.
        self._run(asyncio.sleep(0))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.close()

    def _run(self, work: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE)

    async def _start(self) -> None:
        routes = [Route("GET", "/report", self._report)]
        pages = StatusPages(self._as_value, lambda: self.denials, trust).pages()
        self._listener = admin_listener(self._at, self._access, dict, Limits(), routes, pages=pages)
        await self._listener.start()

    async def _stop(self) -> None:
        if self._listener is not None:
            await self._listener.stop()

    async def _as_value(self) -> Report:
        return report()

    async def _report(self, _: bytes) -> Answer:
        return self.answer or Answer(200, encode(report()), JSON)


@contextmanager
def reporter(at: Address | None = None, access: Access = _OPEN) -> Iterator[Reporter]:
    """Run one, on a Unix socket unless another address is given."""
    with tempfile.TemporaryDirectory(prefix="r-") as folder:
        running = Reporter(at or UnixAddress(str(Path(folder) / "a.sock")), access)
        running.start()
        try:
            yield running
        finally:
            running.close()
