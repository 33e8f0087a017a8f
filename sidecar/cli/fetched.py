"""Keys that a command fetches itself, once, as control would: with every limit on it."""

import asyncio

from sidecar.cli.exit_codes import ExitCode
from sidecar.cli.failure import Failure
from sidecar.core.trust import Trust
from sidecar.keys.remote.fetch import Place, Validator, fetch
from sidecar.keys.remote.held import NOTHING, Held
from sidecar.keys.remote.trouble import FetchError
from sidecar.loading.load import Configuration
from sidecar.loading.problem import ConfigurationError
from sidecar.loading.snapshot import take_snapshot
from sidecar.loading.trust import usable_keys
from sidecar.runtime.control.sources import access_of
from sidecar.settings.issuer import IssuerSettings


def trust_with_keys_of(name: str, configuration: Configuration) -> Trust:
    """Return the ``Trust`` of a configuration with the keys of one issuer, which are fetched now.

    Raises ``Failure`` (UNAVAILABLE) where they cannot be fetched, or none of them can be used.
    """
    issuer = next(one for one in configuration.settings.issuers if one.issuer == name)
    try:
        document = asyncio.run(_fetched(issuer, configuration))
        usable_keys(issuer, document)
        _, loaded = take_snapshot(configuration, lambda one: Held(document, 0.0) if one.issuer == name else NOTHING)
    except (FetchError, ConfigurationError, ValueError) as error:
        raise Failure(f"the keys of {name} could not be fetched: {error}", ExitCode.UNAVAILABLE) from None
    return loaded.trust


async def _fetched(issuer: IssuerSettings, configuration: Configuration) -> bytes:
    place = Place(issuer.issuer, None if issuer.keys is None else issuer.keys.url)
    found = await fetch(place, access_of(issuer, configuration.document.path.parent), Validator())
    return found.document or b""
