"""Who sent many bad signatures lately, where the program says who sent a token."""

from sidecar.verify.routing import Budget


class ByClient:
    """``budget`` for those that have a name. Without one nobody is told apart, so nobody is served last."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def failed(self, source: str, now: float) -> None:
        """Note a bad signature."""
        if source:
            self._budget.failed(source, now)

    def spent(self, source: str, now: float) -> bool:
        """Say whether this source is to be served last."""
        return bool(source) and self._budget.spent(source, now)
