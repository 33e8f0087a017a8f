"""Names, types and help are as Prometheus' own tool wants them, of all that can be told."""

from support.metrics import largest
from support.promtool import complaints


def test_promtool_has_nothing_to_say() -> None:
    """Not even of the names that operators know."""
    with largest() as exposition:
        assert complaints(exposition.exposition()) == frozenset()
