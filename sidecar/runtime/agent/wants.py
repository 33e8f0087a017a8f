"""What a tenant's first process tells the agent before it serves: where it would listen. Values, and JSON of them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Final

from sidecar.transport.address import Address, AddressError, TcpAddress, parse_anywhere

#: Bytes of the message: 256 addresses of 107 each, and then some.
MAX_BYTES: Final = 64 * 1024
#: Exit code of one whose configuration is refused; as ``cli.exit_codes`` has it.
REFUSED: Final = 2
#: Seconds.
MOST_GRACE: Final = 3600
#: The agent's answer. Whoever gets none does not serve.
GO: Final = b"go"
#: What a single process says from then on, with each beat of its heart.
BEAT: Final = b"."


@dataclass(frozen=True, slots=True)
class Wants:
    """``shape``: a digest of all that takes a restart when it changes. ``grace``: seconds from SIGTERM to the end.

    ``beats``: it is a single process, which says again and again that it goes on. Several have a supervisor.
    """

    addresses: tuple[str, ...]
    shape: str
    grace: float
    beats: bool = False

    def encode(self) -> bytes:
        """Return the message."""
        return json.dumps(asdict(self)).encode()


def decode(data: bytes) -> Wants:
    """Read a message; raises ``ValueError`` for what is none."""
    found = json.loads(data)
    match found:
        case {
            "addresses": [*addresses],
            "shape": str(shape),
            "grace": int() | float() as grace,
            "beats": bool(beats),
        } if addresses and all(isinstance(one, str) for one in addresses) and 0 <= grace <= MOST_GRACE:
            wants = Wants(tuple(addresses), shape, float(grace), beats)
            claims(wants.addresses)
            return wants
        case _:
            raise ValueError("no message of a tenant's")


def claims(addresses: Iterable[str]) -> frozenset[str]:
    """Return what listening on these addresses takes from others; raises ``AddressError``.

    A port is taken on all of the machine's addresses at once. That is more than the kernel wants, and leaves no way in
    which one tenant's checks could reach another.
    """
    return frozenset(map(_claim, map(parse_anywhere, addresses)))


def _claim(address: Address) -> str:
    if not isinstance(address, TcpAddress):
        return f"socket {address.path}"
    if address.port == 0:
        raise AddressError(f"{address}: a tenant's port is to be known; write it")
    return f"port {address.port}"


def taken_by(wanted: Iterable[str], others: Mapping[str, Iterable[str]]) -> str | None:
    """Return who has one of the addresses wanted already, and which: ``None`` where nobody has."""
    mine = claims(wanted)
    for name, addresses in others.items():
        common = sorted(mine & claims(addresses))
        if common:
            return f"{common[0]} is that of {name}"
    return None
