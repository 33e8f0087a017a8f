"""An exposition of everything that there can be, and one of the least."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from sidecar.memory import segment
from sidecar.memory.counters import CounterTable
from sidecar.memory.counters import size as counters_size
from sidecar.memory.scoreboard import Overall, Report, Scoreboard, State, Supervised
from sidecar.memory.scoreboard import size as scoreboard_size
from sidecar.observe.allowance import AllowanceFacts
from sidecar.observe.bundle import BundleFacts
from sidecar.observe.exposition import Exposition
from sidecar.observe.facts import Facts, RevocationFacts
from sidecar.observe.hook_series import MOST_HOOKS
from sidecar.observe.key_sets import Fetching, KeySetFacts, KeyTimes
from sidecar.observe.pool_series import Pool
from sidecar.observe.pools import PoolFacts, PoolSize
from sidecar.observe.processes import ProcessFacts
from sidecar.observe.series import SCHEMA
from sidecar.observe.shape import Shape

NOW = 1000.0
#: Of a large configuration.
ISSUERS, KEYS, POLICIES, SERVERS, VERIFIERS, MINTERS = 20, 4, 2000, 16, 8, 2
PROCESSES = (
    "control",
    *(f"server-{number}" for number in range(SERVERS)),
    *(f"verifier-{number}" for number in range(VERIFIERS)),
    *(f"minter-{number}" for number in range(MINTERS)),
)
_EVERYTHING = Shape([f"hook-{number}" for number in range(MOST_HOOKS)], set(Pool), forward_auth=True)
PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
_ROW = re.compile(r"\| `(?P<name>\w+)` \| (?P<type>\w+) \| (?P<unit>[^|]+) \| (?P<labels>[^|]*)\| (?P<text>[^|]+)\|")


class Row(NamedTuple):
    """A metric as the page has it."""

    type: str
    unit: str
    labels: frozenset[str]
    text: str


@contextmanager
def largest() -> Iterator[Exposition]:
    """Give the metrics of a configuration that has everything."""
    issuers = [f"https://issuer-{number}.example" for number in range(ISSUERS)]
    keys = {f"key-{number}": KeyTimes(1.0, 2.0, 3.0) for number in range(KEYS)}
    fetching = Fetching(5.0, 0, {"replaced": 1, "same": 2, "timeout": 3}, 4.0)
    changes = {"added": 1, "removed": 0, "replaced": 0}
    facts = Facts(
        trust_digest=bytes(32),
        last_reload_at=1.0,
        reload_ok=True,
        cache_slots={"positive": 7, "negative": 1},
        revocation=RevocationFacts(1, 2, 3, vouched=True, feed_connected=True, feed_contact_at=1.0, feed_lag=0.5),
        key_sets=[KeySetFacts(issuer, keys, changes, fetching) for issuer in issuers],
        dry_run=False,
        bundle=BundleFacts("bundle", True, 3, 5.0, 1.0, 2.0, 0, {"replaced": 1, "same": 2}),  # noqa: FBT003 - in force
        certificates={"checks": 1.0, "admin": 2.0},
        pools=[PoolFacts(pool, 1, 0.5, 0) for pool in Pool],
        pool_size=PoolSize(Pool.VERIFIER, 2, 1, 4, 3, 2),
        processes=[ProcessFacts(name, 1.0, 2, 3, 0.1) for name in (*PROCESSES, "supervisor")],
        system_percent=50.0,
        allowance=AllowanceFacts(2.5, 3, 1, 7, 0.25),
    )
    with _made(PROCESSES) as (board, table):
        row = table.row(1)
        for number in range(POLICIES):
            row.words[row.labelled.number(("denied", "denied_by_policy", issuers[0], f"policy-{number}"))] += 1
        yield _exposition(board, table, PROCESSES, facts, _EVERYTHING)


@contextmanager
def least() -> Iterator[Exposition]:
    """Give the metrics of one process, which has nothing that it need not have."""
    issuer = KeySetFacts("https://issuer.example", {"key": KeyTimes()}, {"added": 0, "removed": 0, "replaced": 0})
    facts = Facts(bytes(32), cache_slots={"positive": 7, "negative": 1}, key_sets=[issuer], dry_run=False)
    with _made(("server-0",)) as (board, table):
        yield _exposition(board, table, ("server-0",), facts, Shape(native=False))


def families(text: bytes) -> dict[str, Metric]:
    """Return what Prometheus reads, by the names that samples have (a histogram's without endings)."""
    read = list(text_string_to_metric_families(text.decode()))
    return {family.name + ("_total" if family.type == "counter" else ""): family for family in read}


def labels_of(family: Metric) -> frozenset[str]:
    """Return the names of a family's labels, but for that of buckets."""
    return frozenset(label for sample in family.samples for label in sample.labels) - {"le"}


def page() -> dict[str, Row]:
    """Return the metrics that docs/metrics.md has."""
    found = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        row = _ROW.fullmatch(line.strip())
        if row is not None:
            assert row["name"] not in found, f"{row['name']} is there twice"
            labels = frozenset(re.findall(r"`(\w+)`", row["labels"]))
            found[row["name"]] = Row(row["type"], row["unit"].strip(), labels, row["text"].strip())
        else:
            assert not line.startswith("| `"), f"a row that is none: {line}"
    return found


@contextmanager
def _made(names: tuple[str, ...]) -> Iterator[tuple[Scoreboard, CounterTable]]:
    board_bytes = scoreboard_size(len(names))
    with segment.create(segment.pages(board_bytes + counters_size(SCHEMA, len(names)))) as made:
        board = Scoreboard(made, len(names))
        board.write_overall(Overall(pid=1, heartbeat_at=NOW, generation=1))
        for index in range(len(names)):
            board.write_supervised(index, Supervised(40 + index, 1, 0, crash_loop=False, started_at=10.0))
            board.write_report(index, Report(1, State.READY, NOW))
        with CounterTable(made, SCHEMA, len(names), board_bytes) as table:
            yield board, table


def _exposition(
    board: Scoreboard, table: CounterTable, names: tuple[str, ...], facts: Facts, shape: Shape
) -> Exposition:
    return Exposition(
        table=table,
        scoreboard=board,
        names=names,
        build={"version": "1", "python": "3.11.2"},
        facts=lambda: facts,
        clock=lambda: NOW,
        shape=shape,
    )
