"""Results that are kept, and for whom."""

from pathlib import Path
from typing import Any

import pytest

from hooking.modules import DIGEST, Hooks, hooks, run
from sidecar.core.hooked import HookResult
from sidecar.hooking import results
from sidecar.hooking.results import Results
from support.hooks import hook, saying
from support.identities import identity

_COUNTS = """
calls = []
@hook({declared})
def check(request, identity):
    calls.append(1)
    {line}
    return deny(str(len(calls)))
"""


def _text(declared: str, line: str = "") -> str:
    return _COUNTS.format(declared=declared, line=line)


async def _calls(made: Hooks, **more: Any) -> str:  # noqa: ANN401 - of a request
    return (await made.one(**more))[1]


def test_kept_by_what_is_declared(tmp_path: Path) -> None:
    """The same parts of a request have the same result; others do not matter, and are not seen."""
    with hooks(tmp_path, _text('cache=["path", "method"], ttl=60')) as made:

        async def work() -> None:
            assert await _calls(made, path="/a") == "1"
            assert await _calls(made, path="/a", host="other.example") == "1"
            assert await _calls(made, path="/a?b=c") == "1"
            assert await _calls(made, path="/a", method="POST") == "2"
            assert await _calls(made, path="/b") == "3"
            assert await _calls(made, path="/a") == "1"
            assert made.meter.count("kept") == 3

        run(made, work)


_OTHERS = [{"sub": "bob"}, {"iss": "https://other.example"}, {"scope": "admin"}, {"jti": "2"}, {"exp": 2_000_000_000}]


@pytest.mark.parametrize("changes", _OTHERS)
def test_never_another_s(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Whatever differs of two identities, one never gets what was said of the other; nor does nobody."""
    with hooks(tmp_path, _text('cache=["path"], ttl=60')) as made:

        async def work() -> None:
            alice, other = identity(sub="alice"), identity(**{"sub": "alice"} | changes)
            assert await _calls(made, identity=alice) == "1"
            assert await _calls(made, identity=other) == "2"
            assert await _calls(made, identity=None) == "3"
            assert await _calls(made, identity=identity(sub="alice")) == "1"

        run(made, work)


def test_another_trust(tmp_path: Path) -> None:
    """What was said under another Trust counts for nothing."""
    with hooks(tmp_path, _text('cache=["path"], ttl=60, shared=True')) as made:

        async def work() -> None:
            assert await _calls(made) == "1"
            assert await _calls(made, trust_digest=b"u" * 32) == "2"
            assert await _calls(made, trust_digest=DIGEST) == "1"

        run(made, work)


def test_shared(tmp_path: Path) -> None:
    """Shared results are for all who have the named parts in common; the hook sees no others."""
    with hooks(tmp_path, _text('cache=["issuer", "subject"], ttl=60, shared=True', "identity.subject")) as made:

        async def work() -> None:
            assert await _calls(made, identity=identity(sub="alice", jti="1")) == "1"
            assert await _calls(made, identity=identity(sub="alice", jti="2")) == "1"
            assert await _calls(made, identity=identity(sub="bob")) == "2"

        run(made, work)


@pytest.mark.parametrize(
    ("declared", "line", "name"),
    [
        ('cache=["path"], ttl=60', "request.method", "method"),
        ('cache=["path"], ttl=60', "request.headers", "headers"),
        ('cache=["subject"], ttl=60, shared=True', "identity.claims", "claims"),
        ('cache=["subject"], ttl=60, shared=True', "request.path", "path"),
    ],
)
def test_what_is_not_in_the_key(tmp_path: Path, declared: str, line: str, name: str) -> None:
    """A hook that looks at what its results are not kept by fails, before anybody gets a wrong one."""
    with hooks(tmp_path, _text(declared, line)) as made:

        async def work() -> None:
            result, why = await made.one()
            assert result is HookResult.FAILED
            assert f"'{name}' is not in the key" in why

        run(made, work)


def test_shared_by_nothing_of_the_identity(tmp_path: Path) -> None:
    """A shared hook that names nothing of the identity is not told whether there is one."""
    with hooks(tmp_path, _text('cache=["path"], ttl=60, shared=True', "assert identity is None")) as made:

        async def work() -> None:
            for who in (None, identity(sub="alice")):
                assert await made.one(identity=who) == (HookResult.DENY, "1")

        run(made, work)


def test_readings_are_part_of_the_key(tmp_path: Path) -> None:
    """Two paths that are read alike first, and not always, have a result each."""
    with hooks(tmp_path, _text('cache=["path"], ttl=60', "request.path")) as made:

        async def work() -> None:
            assert await _calls(made, path="/a%20") == "1"
            assert await _calls(made, path="/a") == "2"

        run(made, work)


def test_failures_are_not_kept(tmp_path: Path) -> None:
    """One that failed is asked again."""
    line = "if len(calls) == 1: raise ValueError"
    with hooks(tmp_path, _text('cache=["path"], ttl=60', line)) as made:

        async def work() -> None:
            assert (await made.one())[0] is HookResult.FAILED
            assert await made.one() == (HookResult.DENY, "2")

        run(made, work)


def test_headers_are_part_of_the_key(tmp_path: Path) -> None:
    """With "headers" all that are declared are, and one that is not there is another than one that is empty."""
    with hooks(tmp_path, _text('cache=["headers"], ttl=60, reads_headers=["x-a", "x-b"]')) as made:

        async def work() -> None:
            sent: list[dict[str, str]] = [{}, {"x-a": ""}, {"x-b": ""}, {"x-a": "1", "x-b": "2"}, {"x-a": "1x-b2"}]
            found = [await _calls(made, headers=headers) for headers in (*sent, {"x-c": "not declared"})]
            assert found == ["1", "2", "3", "4", "5", "1"]

        run(made, work)


def test_ttl() -> None:
    """A result stands as long as it was declared, and no longer."""
    now = [100.0]
    kept = Results(lambda: now[0])
    kept.put(b"a", saying(), 5)
    now[0] = 104.9
    assert kept.get(b"a") == saying()
    now[0] = 105.0
    assert kept.get(b"a") is None


def test_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more are kept than there is room for: the one longest unused goes."""
    monkeypatch.setattr(results, "_MOST_RESULTS", 3)
    kept = Results(lambda: 0.0)
    for name in (b"a", b"b", b"c"):
        kept.put(name, saying(), 5)
    kept.get(b"a")
    kept.put(b"d", saying(), 5)
    assert [kept.get(name) is not None for name in (b"a", b"b", b"c", b"d")] == [True, False, True, True]


def test_other_code(tmp_path: Path) -> None:
    """A hook of the same name and another code has a key of its own."""
    with hooks(tmp_path, _text('cache=["path"], ttl=60')) as made:
        need, declared = made.need(), made.facts[0].declared
        from sidecar.hooking.views import question  # noqa: PLC0415 - beside its use

        asked = question(need.request, need.identity, declared)
        kept = Results(lambda: 0.0)
        keys = {kept.key(hook("a:a", digest=bytes([one]) * 32), declared, need, asked) for one in range(3)}
        assert len(keys) == 3
