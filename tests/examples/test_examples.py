"""The hooks in examples/ do what they say."""

import multiprocessing
import os
import re
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import business_hours
from rate_limit import BURST, RATE, WAYS, Buckets, check
from sidecar.hooking.facts import describe, read_facts
from sidecar.hooks import Identity, Request
from sidecar.keys.signing import generate, key_set_document
from sidecar.loading.load import load_configuration
from sidecar.loading.trust import load_trust

_FOLDER = Path(__file__).parents[2] / "examples/hooks"
_ALICE = Identity(subject="alice", issuer="https://idp.example")


@pytest.mark.parametrize(
    ("time", "is_open"),
    [
        ("2026-11-27T08:00", True),  # a Friday
        ("2026-11-27T17:59", True),
        ("2026-11-27T18:00", False),
        ("2026-11-27T07:59", False),
        ("2026-11-28T12:00", False),
        ("2026-11-29T12:00", False),
        ("2026-11-30T12:00", True),
    ],
)
def test_business_hours(time: str, *, is_open: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading is always open, changing on workdays between 8 and 18."""
    assert business_hours.is_open(datetime.fromisoformat(time)) is is_open
    monkeypatch.setattr(business_hours, "is_open", lambda _now: is_open)
    assert business_hours.check(Request(method="GET"), _ALICE) is None
    said = business_hours.check(Request(method="POST"), _ALICE)
    assert (said is None) is is_open


def test_burst_and_rate(tmp_path: Path) -> None:
    """So many at once, then as many as time allows; another subject has its own."""
    buckets = Buckets(tmp_path / "limits")
    assert [buckets.take("alice", 100.0) for _ in range(int(BURST) + 2)] == [True] * int(BURST) + [False] * 2
    assert buckets.take("bob", 100.0)
    assert [buckets.take("alice", 100.0 + 1.01 / RATE) for _ in range(2)] == [True, False]
    assert not buckets.take("alice", 50.0)  # a clock that went back gives nothing


@given(st.lists(st.floats(0, 0.5), max_size=60))
def test_never_more_than_the_rate(steps: list[float]) -> None:
    """However requests come, no more pass than burst and rate allow."""
    buckets = Buckets(Path(f"/dev/shm/authz-test-{os.getpid()}"))  # noqa: S108 - a test's own
    (whom, now, passed) = (os.urandom(8).hex(), 10.0, 0)
    for step in steps:
        now += step
        passed += buckets.take(whom, now)
    assert passed <= BURST + (now - 10.0) * RATE + 1e-6
    Path(f"/dev/shm/authz-test-{os.getpid()}").unlink()  # noqa: S108 - the same


def _take(path: Path, count: int) -> int:
    buckets = Buckets(path)
    return sum(buckets.take("alice", 5.0) for _ in range(count))


def test_all_processes_count_together(tmp_path: Path) -> None:
    """Four processes at once let no more pass than one would."""
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        passed = pool.starmap(_take, [(tmp_path / "limits", 50)] * 4)
    assert sum(passed) == BURST


def test_more_subjects_than_there_is_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one longest unheard of makes room."""
    monkeypatch.setattr("rate_limit.SETS", 1)
    buckets = Buckets(tmp_path / "limits")
    for number in range(WAYS + 1):
        for _ in range(int(BURST)):
            assert buckets.take(str(number), float(number + 1))
    assert not buckets.take("8", 9.0)
    assert buckets.take("0", 9.0)


def test_file_of_somebody_else(tmp_path: Path) -> None:
    """A link in its place is not followed."""
    (tmp_path / "link").symlink_to(tmp_path / "limits")
    with pytest.raises(OSError, match="link"):
        Buckets(tmp_path / "link")


def test_over_the_limit() -> None:
    """The hook itself answers 429."""
    who = Identity(subject=os.urandom(8).hex(), issuer="https://idp.example")
    said = [check(Request(), who) for _ in range(int(BURST) + 2)]
    assert said[0] is None
    assert said[-1] is not None
    assert said[-1].status == 429
    assert check(Request(source="192.0.2.1"), None) is None


def test_examples_can_be_asked() -> None:
    """All that the README of the examples names are hooks."""
    calls = re.findall(r"(?:- |call: )([a-z_]+:check)", (_FOLDER / "README.md").read_text(encoding="utf-8"))
    found = read_facts(describe(calls, str(_FOLDER)))
    assert [one.call.partition(":")[0] for one in found] == ["business_hours", "rate_limit", "postgres_tenant"]
    assert [one.is_async for one in found] == [False, False, True]


def test_page_is_true(tmp_path: Path) -> None:
    """The first example of docs/hooks.md is a hook, and the configuration beside it loads."""
    page = (_FOLDER.parents[1] / "docs/hooks.md").read_text(encoding="utf-8")
    code, configuration = (re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL)[0] for kind in ("python", "yaml"))
    (tmp_path / "rules/billing").mkdir(parents=True)
    (tmp_path / "rules/authz_rules.py").write_text(code, encoding="utf-8")
    (tmp_path / "rules/billing/plans.py").write_text("def may_use(request, identity): ...\n", encoding="utf-8")
    (tmp_path / "jwks.json").write_text(key_set_document([generate()]), encoding="utf-8")
    config = tmp_path / "authz.yaml"
    issuers = 'issuers: [{issuer: "https://idp.example", audiences: [orders], keys: {file: jwks.json}}]\n'
    config.write_text(issuers + configuration, encoding="utf-8")
    hooks = load_trust(load_configuration(config, {})).trust.hooks
    assert [one.name for one in hooks] == ["authz_rules:check", "billing.plans:may_use"]
    scope: dict[str, object] = {}
    exec(code, scope)  # noqa: S102 - the page's own
    assert scope["check"](Request(method="DELETE"), _ALICE).status == 403  # type: ignore[operator]
    assert scope["check"](Request(method="DELETE"), Identity(scopes=["admin"])) is None  # type: ignore[operator]
