"""What control looks at every few seconds, in a thread of its own."""

from pathlib import Path

import pytest

from sidecar.memory.counters import CounterTable
from sidecar.observe.pool_meter import POOL_BUSY
from sidecar.observe.pool_series import Pool
from sidecar.placement.plan import ANYWHERE
from sidecar.runtime.control.certificates import OwnCertificates
from sidecar.runtime.control.usage import UsageWatch
from sidecar.runtime.ipc.fleet import Fleet, Member, Role
from sidecar.settings import Settings
from support.boards import shared

_FLEET = Fleet(
    (
        Member(0, Role.CONTROL, 0, ANYWHERE),
        Member(1, Role.SERVER, 0, ANYWHERE),
        Member(2, Role.SERVER, 1, ANYWHERE),
        Member(3, Role.VERIFIER, 0, ANYWHERE),
    ),
    servers=2,
    verifiers=1,
    jwt_verifiers=0,
)
_ISSUER = {"issuer": "https://idp.example", "audiences": ["a"], "keys": {"file": "jwks.json"}}


def test_names_of_counters_are_left_to_the_thread_that_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Totals take in names as they occur; two threads that do would mistake one counter for another."""

    def never(_: CounterTable) -> None:
        raise AssertionError

    settings = Settings.model_validate({"issuers": [_ISSUER]})
    with shared() as one:
        watch = UsageWatch(_FLEET, one.scoreboard, one.table, OwnCertificates(settings, tmp_path))
        monkeypatch.setattr(CounterTable, "totals", never)
        watch.look()
        for _ in range(2):
            one.table.row(3).add(POOL_BUSY[Pool.VERIFIER], 10**12)
            watch.look()
        busy = watch.usage.of(Pool.VERIFIER, 1)
    assert busy == 1.0


def test_sum_of_one_counter() -> None:
    """Over all rows, as the totals have it."""
    with shared() as one:
        for index in (1, 2, 3):
            one.table.row(index).add(POOL_BUSY[Pool.VERIFIER], index)
        assert one.table.total(POOL_BUSY[Pool.VERIFIER]) == 6
        assert one.table.totals().counters[POOL_BUSY[Pool.VERIFIER]] == 6
