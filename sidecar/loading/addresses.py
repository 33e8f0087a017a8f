"""Where the servers of a configuration listen."""

from sidecar.settings import Settings
from sidecar.transport.address import numbered, parse_anywhere


def addresses(settings: Settings, servers: int) -> tuple[str, ...]:
    """Return the addresses that so many servers listen on: one each, or one for all; raises ``AddressError``."""
    first = parse_anywhere(settings.listen)
    if settings.listen_mode == "shared" or not settings.enable_multiprocessing:
        return (str(first),)
    return tuple(str(numbered(first, number)) for number in range(servers))
