"""Names to addresses, and only to those that may be connected to.

The addresses that are looked at here are the very ones that are connected to: there is no second look-up in between
which could tell another story (DNS rebinding).
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence

from sidecar.keys.remote.addresses import refusal

#: family, type, protocol, canonical name, address: of ``socket.getaddrinfo``.
AddrInfo = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]
LookUp = Callable[[str, int], Sequence[AddrInfo]]


class AddressRefusedError(OSError):
    """An address that is not connected to."""


def system_look_up(host: str, port: int) -> Sequence[AddrInfo]:
    """Ask the system; raises ``OSError``. May take as long as it likes."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)


def check_address(address: str, *, allow_private: bool) -> None:
    """Raise ``AddressRefusedError`` for an address that is not to be connected to."""
    reason = refusal(address, allow_private=allow_private)
    if reason is not None:
        raise AddressRefusedError(reason)


async def allowed_addresses(host: str, port: int, look_up: LookUp, *, allow_private: bool) -> Sequence[AddrInfo]:
    """Return the addresses of ``host`` that may be connected to.

    Raises ``AddressRefusedError`` where none may be, and ``OSError`` where there are none.
    """
    found = await _in_a_thread(lambda: look_up(host, port))
    reasons = {str(info[4][0]): refusal(str(info[4][0]), allow_private=allow_private) for info in found}
    allowed = [info for info in found if reasons[str(info[4][0])] is None]
    if not allowed:
        raise AddressRefusedError(f"{host}: " + ("; ".join(filter(None, reasons.values())) or "has no address"))
    return allowed


async def _in_a_thread(work: Callable[[], Sequence[AddrInfo]]) -> Sequence[AddrInfo]:
    """Do ``work`` in a thread of its own, which may be left behind.

    The loop's pool has a few threads for all: names that nobody answers for would take one each, for half a minute,
    and reloads would wait for them. Nor may one hold up the end of the process.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Sequence[AddrInfo]] = loop.create_future()

    def tell(result: Sequence[AddrInfo] | BaseException) -> None:
        if answer.done():
            return
        if isinstance(result, BaseException):
            answer.set_exception(result)
        else:
            answer.set_result(result)

    def run() -> None:
        try:
            result: Sequence[AddrInfo] | BaseException = work()
        except (OSError, UnicodeError) as error:
            result = error if isinstance(error, OSError) else OSError(str(error))
        try:
            loop.call_soon_threadsafe(tell, result)
        except RuntimeError:
            return  # the loop is closed: nobody waits any more

    threading.Thread(target=run, name="authz-resolve", daemon=True).start()
    return await answer
