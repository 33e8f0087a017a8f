"""The metrics are what was done, exactly: 10,000 checks of all kinds, and a server that is killed among them."""

import asyncio
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

import pytest
from prometheus_client.samples import Sample

from metrics.asking import IN_FLIGHT, Account, ask_all
from metrics.script import CONFIGURATION, Item, script
from sidecar.demo.stack import start_sidecar
from sidecar.memory.labelled_layout import Labels, shown
from sidecar.observe.series import SCHEMA
from support import openmetrics
from support.processes import eventually
from support.sidecars import Sidecar, running_sidecar

_CHECKS = 10_000
_SINGLE = {"AUTHZ_ENABLE_MULTIPROCESSING": "false"}
_RESTARTS, _UP = 'authz_child_restarts_total{child="server-0"}', 'authz_child_up{child="server-0"}'
_NAMES = ("outcome", "reason", "issuer", "policy")
_OVERLOADED = ("denied", "overloaded", "", "")
#: What is decided before a token is looked for in a cache.
_NOT_LOOKED_UP = ("public_path", "no_credential", "path_not_normal", "unreadable_request")


@contextmanager
def _running(environment: dict[str, str]) -> Iterator[Sidecar]:
    with (
        tempfile.TemporaryDirectory(prefix="m-") as folder,
        running_sidecar(Path(folder), CONFIGURATION, environment) as one,
    ):
        assert eventually(one.is_ready)
        yield one


@dataclass(frozen=True)
class Counted:
    """What it has counted of checks: by labels, and in the histogram."""

    checks: Counter[Labels]
    timed: int


def _samples(sidecar: Sidecar) -> list[Sample]:
    text = sidecar.get("/metrics", accept="application/openmetrics-text")[1]
    return [sample for family in openmetrics.families(text) for sample in family.samples]


def counted(sidecar: Sidecar) -> Counted:
    """Return what it has counted."""
    samples = _samples(sidecar)
    checks = Counter(
        {
            tuple(sample.labels[name] for name in _NAMES): int(sample.value)
            for sample in samples
            if sample.name == "authz_checks_total" and sample.value
        }
    )
    (timed,) = (sample.value for sample in samples if sample.name == "authz_check_duration_seconds_count")
    return Counted(checks, int(timed))


def _looked_up(sidecar: Sidecar) -> tuple[int, int, int, int]:
    """Return how often either cache was asked, how often the first had nothing, and how many checks were shed."""
    samples = _samples(sidecar)
    lookups = [sample for sample in samples if sample.name == "authz_cache_lookups_total"]
    first, second = (sum(one.value for one in lookups if one.labels["tier"] == tier) for tier in ("l1", "l2"))
    missed = sum(one.value for one in lookups if one.labels["tier"] == "l1" and one.labels["result"] != "hit")
    (shed,) = (sample.value for sample in samples if sample.name == "authz_shed_total")
    return int(first), int(second), int(missed), int(shed)


def as_shown(account: Counter[Labels]) -> Counter[Labels]:
    """Return the same with labels as they are shown: one that is too long is cut."""
    return Counter({shown(labels, SCHEMA.labelled.longest): number for labels, number in account.items()})


def or_lost(account: Account) -> Counter[Labels]:
    """Return what may have been counted at the most: what was under way too, as what it was or as shed."""
    return as_shown(account.answered + account.lost) + Counter({_OVERLOADED: account.lost.total()})


def _calling(what: Callable[[], None], items: Iterator[Item], after: int) -> Iterator[Item]:
    """Give ``items``, and call ``what`` among them."""
    # Not "yield from": it would close ``items``, which others may be taking from.
    for item in islice(items, after):
        yield item
    what()
    for item in items:
        yield item


@pytest.mark.parametrize("environment", [{}, _SINGLE], ids=["several", "single"])
def test_as_many_as_were_answered(environment: dict[str, str]) -> None:
    """Each check is counted once, as what it was, whoever answered it; and so is each look into a cache for it."""
    account = Account()
    with _running(environment) as sidecar:
        asyncio.run(ask_all(sidecar.addresses, script(sidecar.workspace, _CHECKS), account))
        found = counted(sidecar)
        assert found.checks == as_shown(account.answered)
        assert account.answered.total() == found.timed == _CHECKS
        assert len(account.answered) >= 18
        shed = account.answered[_OVERLOADED]
        assert shed < _CHECKS / 10
        with_token = sum(count for labels, count in account.answered.items() if labels[1] not in _NOT_LOOKED_UP)

        def is_told() -> bool:
            first, second, missed, refused = _looked_up(sidecar)
            return (first, second, refused) == (with_token, missed, shed)

        assert eventually(is_told), (_looked_up(sidecar), with_token, shed)


def test_a_server_that_is_killed_takes_nothing_along() -> None:
    """What it has answered stays counted, and is added to by its successor; nothing goes back at any moment.

    What was under way when it was killed may be counted or not.
    """
    account, seen = Account(), list[Counted]()
    with _running({}) as sidecar:
        pid = sidecar.pid("server-0")

        def killing() -> None:
            os.kill(pid, signal.SIGKILL)
            seen.append(counted(sidecar))

        items = script(sidecar.workspace, _CHECKS)
        asyncio.run(ask_all(sidecar.addresses, _calling(killing, items, after=_CHECKS // 2), account))
        assert account.lost.total() <= 2 * IN_FLIGHT
        assert account.answered.total() + account.lost.total() == _CHECKS
        # The other one went on; the one that was killed comes back.
        assert eventually(lambda: sidecar.metric(_RESTARTS) == 1 and sidecar.metric(_UP) == 1)
        seen.append(counted(sidecar))
        asyncio.run(ask_all(sidecar.addresses[:1], script(sidecar.workspace, 1000), account))
        seen.append(counted(sidecar))
    for earlier, later in pairwise(seen):
        assert earlier.checks <= later.checks
        assert earlier.timed <= later.timed
    assert as_shown(account.answered) <= seen[-1].checks <= or_lost(account)
    assert 0 <= seen[-1].timed - account.answered.total() <= account.lost.total()


def test_a_single_process_that_is_killed_begins_anew() -> None:
    """With nobody to keep its counters they go with it: the last scrape has all but what was under way.

    Whoever takes its place counts from 0, as Prometheus' ``rate()`` bears, and exactly.
    """
    first, second, before = Account(), Account(), Account()
    with _running(_SINGLE) as sidecar:
        seen = list[Counted]()

        def killing() -> None:
            before.answered.update(first.answered)
            seen.append(counted(sidecar))
            os.kill(sidecar.process.pid, signal.SIGKILL)

        items = script(sidecar.workspace, _CHECKS)
        asyncio.run(ask_all(sidecar.addresses, _calling(killing, items, after=_CHECKS // 2), first))
        (scraped,) = seen
        assert as_shown(before.answered) <= scraped.checks <= or_lost(first)
        assert 0 <= scraped.timed - before.answered.total() <= 2 * IN_FLIGHT
        with start_sidecar(sidecar.workspace, "again.log", _SINGLE) as process:
            successor = Sidecar(sidecar.workspace, process)
            assert eventually(successor.is_ready)
            asyncio.run(ask_all(successor.addresses, items, second))
            found = counted(successor)
        assert found.checks == as_shown(second.answered)
        assert found.timed == second.answered.total()
        assert first.answered.total() + first.lost.total() + second.answered.total() == _CHECKS
