"""All that is fetched for the configuration in force: issuers' keys, and the policy bundle."""

from collections.abc import Callable, Sequence
from pathlib import Path

from sidecar.bundle.held import HeldBundle
from sidecar.bundle.message import Bundle
from sidecar.keys.remote.held import NOTHING, Held
from sidecar.loading.snapshot import Snapshot
from sidecar.observe.condition import Condition
from sidecar.runtime.control.bundle import PolicyBundle
from sidecar.runtime.control.sources import Sources
from sidecar.settings import Settings
from sidecar.settings.issuer import IssuerSettings


class Fetching:
    """For one event loop; goes on with what ``snapshot`` has, and looks for files in ``folder``.

    ``changed`` is called when there is something new; ``fits`` raises ``ConfigurationError`` for a bundle that does not
    go with the configuration in force.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        snapshot: Snapshot,
        *,
        fits: Callable[[Bundle], None],
        changed: Callable[[], None],
    ) -> None:
        self.sources = Sources(folder, changed)
        self.sources.begin(settings, snapshot.held())
        self.bundle: PolicyBundle | None = None
        if settings.policy_bundle is not None:
            self.bundle = PolicyBundle(settings.policy_bundle, folder, snapshot.bundle, fits, changed)

    def keys(self, issuer: IssuerSettings) -> Held:
        """Return what there is of an issuer's keys."""
        return self.sources.held(issuer) or NOTHING

    def held_bundle(self) -> HeldBundle | None:
        """Return the bundle, if there is one, in force or not."""
        return None if self.bundle is None else self.bundle.held

    def follow(self) -> None:
        """Keep all of it fresh, from now on."""
        self.sources.follow()
        if self.bundle is not None:
            self.bundle.follow()

    async def stop(self) -> None:
        """Fetch nothing any more."""
        await self.sources.stop()
        if self.bundle is not None:
            await self.bundle.stop()

    def conditions(self) -> Sequence[Condition]:
        """Return how all of it is."""
        return [*self.sources.conditions(), *(self.bundle.conditions() if self.bundle else ())]
