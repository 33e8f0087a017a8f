"""What the library is given for one evaluation: what is read, and the answers to calls that it is not asked for."""

from collections.abc import Mapping
from dataclasses import dataclass

from sidecar.cel.asked import Asked
from sidecar.cel.supply import Supply


@dataclass(frozen=True, slots=True)
class Given:
    """Called with values by the names of variables; raises ``ValueError`` or ``TypeError`` for what is not taken."""

    supplies: tuple[tuple[str, Supply], ...]
    asked: tuple[Asked, ...]

    def __call__(self, values: Mapping[str, object]) -> dict[str, object]:
        """Return what is there of it; what is not is left out, which the library takes for an error."""
        data: dict[str, object] = {}
        for name, supply in self.supplies:
            value = values.get(name)
            if value is not None:
                data[name] = supply(value)
        for asked in self.asked:
            asked.into(data)
        return data
