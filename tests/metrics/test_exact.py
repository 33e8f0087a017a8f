"""The metrics are what was done, exactly: 10,000 checks of all kinds, and a server that is killed among them."""

import asyncio
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from pathlib import Path

import pytest

from metrics.asking import IN_FLIGHT, Account, ask_all
from metrics.script import CONFIGURATION, Item, script
from sidecar.memory.labelled_layout import Labels, shown
from sidecar.observe.series import SCHEMA
from support import openmetrics
from support.processes import eventually
from support.sidecars import Sidecar, running_sidecar

_CHECKS = 10_000
_RESTARTS, _UP = 'authz_child_restarts_total{child="server-0"}', 'authz_child_up{child="server-0"}'
_NAMES = ("outcome", "reason", "issuer", "policy")


@pytest.fixture(scope="module", params=["several", "single"])
def sidecar(request: pytest.FixtureRequest) -> Iterator[Sidecar]:
    """Run a sidecar, in several processes and in one."""
    environment = {"AUTHZ_ENABLE_MULTIPROCESSING": "false"} if request.param == "single" else {}
    with (
        tempfile.TemporaryDirectory(prefix="m-") as folder,
        running_sidecar(Path(folder), CONFIGURATION, environment) as one,
    ):
        assert eventually(one.is_ready)
        yield one


def counted(sidecar: Sidecar) -> tuple[Counter[Labels], int]:
    """Return what it has counted: by labels, and in the histogram."""
    text = sidecar.get("/metrics", accept="application/openmetrics-text")[1]
    samples = [sample for family in openmetrics.families(text) for sample in family.samples]
    checks = Counter(
        {
            tuple(sample.labels[name] for name in _NAMES): int(sample.value)
            for sample in samples
            if sample.name == "authz_checks_total" and sample.value
        }
    )
    (timed,) = (sample.value for sample in samples if sample.name == "authz_check_duration_seconds_count")
    return checks, int(timed)


def as_shown(account: Counter[Labels]) -> Counter[Labels]:
    """Return the same with labels as they are shown: one that is too long is cut."""
    return Counter({shown(labels, SCHEMA.labelled.longest): number for labels, number in account.items()})


def test_as_many_as_were_answered(sidecar: Sidecar) -> None:
    """Each check is counted once, as what it was, whoever answered it and whatever else went on."""
    account = Account()
    before, timed_before = counted(sidecar)
    asyncio.run(ask_all(sidecar.addresses, script(sidecar.workspace, _CHECKS), account))
    after, timed = counted(sidecar)
    assert before <= after
    assert after - before == as_shown(account.answered)
    assert account.answered.total() == timed - timed_before == _CHECKS
    assert len(account.answered) >= 18
    assert account.answered["denied", "overloaded", "", ""] < _CHECKS / 10


@pytest.mark.parametrize("sidecar", ["several"], indirect=True)
def test_a_server_that_is_killed_takes_nothing_along(sidecar: Sidecar) -> None:
    """What it has answered stays counted, and is added to by its successor; nothing goes back at any moment.

    What was under way when it was killed may be counted or not.
    """
    account, pid = Account(), sidecar.pid("server-0")
    restarts = sidecar.metric(_RESTARTS)
    seen = [counted(sidecar)]

    def killing() -> None:
        os.kill(pid, signal.SIGKILL)
        seen.append(counted(sidecar))

    asyncio.run(ask_all(sidecar.addresses, _calling(killing, script(sidecar.workspace, 4000), after=1000), account))
    assert account.lost.total() <= 2 * IN_FLIGHT
    assert account.answered.total() + account.lost.total() == 4000
    # The other one went on; the one that was killed comes back.
    assert eventually(lambda: sidecar.metric(_RESTARTS) > restarts and sidecar.metric(_UP) == 1)
    seen.append(counted(sidecar))
    asyncio.run(ask_all(sidecar.addresses[:1], script(sidecar.workspace, 1000), account))
    seen.append(counted(sidecar))
    for (earlier, timed_earlier), (later, timed_later) in pairwise(seen):
        assert earlier <= later
        assert timed_earlier <= timed_later
    (before, timed_before), (after, timed) = seen[0], seen[-1]
    lost = account.lost + Counter({("denied", "overloaded", "", ""): account.lost.total()})
    assert as_shown(account.answered) <= after - before <= as_shown(account.answered + lost)
    assert 0 <= (timed - timed_before) - account.answered.total() <= account.lost.total()


def _calling(what: Callable[[], None], items: Iterator[Item], after: int) -> Iterator[Item]:
    """Give ``items``, and call ``what`` among them."""
    yield from islice(items, after)
    what()
    yield from items
