"""Which of all that can be counted a configuration has: the rest is not shown."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sidecar.observe.family import Family, Histograms
from sidecar.observe.forward_auth_series import FAMILIES as OF_HTTP
from sidecar.observe.hook_series import HOOK
from sidecar.observe.measured import Labels
from sidecar.observe.pool_series import POOL, Pool
from sidecar.observe.process_series import PROCESS
from sidecar.observe.transport_series import EVERYWHERE, LIMITS, NATIVE_ALONE

_Seen = TypeVar("_Seen")


@dataclass(frozen=True, slots=True)
class Shape:
    """``hooks``: their names, in their order. ``native``: whether that is the transport, or gRPC's library.

    ``forward_auth``: whether proxies ask over HTTP as well.
    """

    hooks: Sequence[str] = ()
    pools: Collection[Pool] = ()
    native: bool = True
    forward_auth: bool = False

    def shown(self, family: Family | Histograms, seen: Iterable[_Seen]) -> list[tuple[Labels, _Seen]]:
        """Return what is shown of a family, of which ``seen`` has each series' number; none: nothing is."""
        found: list[tuple[Labels, _Seen]] = list(zip(family.series, seen, strict=True))
        if HOOK in family.labels:
            names = {str(number): name for number, name in enumerate(self.hooks)}
            return [((names[number], *rest), one) for (number, *rest), one in found if number in names]
        if POOL in family.labels:
            return [(values, one) for values, one in found if values[0] in self.pools]
        # By process: who shows the processes shows it.
        if PROCESS in family.labels or (not self.native and family in NATIVE_ALONE):
            return []
        if not self.forward_auth and family in OF_HTTP:
            return []
        if not self.native and family is LIMITS:
            return [(values, one) for values, one in found if values == (EVERYWHERE,)]
        return found
