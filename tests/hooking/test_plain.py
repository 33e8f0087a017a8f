"""Plain functions, asked in the server."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from hooking.modules import WAYS, Hooks, hooks, run
from sidecar.core.hooked import HookResult
from sidecar.hooking.asker import Asker


def test_says(tmp_path: Path) -> None:
    """It is asked with what it declared, and what it says comes out; without a task."""
    text = """
@hook(sets_headers=["x-tenant"], reads_headers=["x-mode"])
def check(request, identity):
    if request.headers["x-mode"] == "deny":
        return deny("no", status=404)
    return add({"X-Tenant": identity.claims["sub"] + request.path + request.host})
"""
    with hooks(tmp_path, text) as made:
        answers = made.asker.ask(made.need(headers={"x-mode": "add"}))
        assert not asyncio.iscoroutine(answers)
        run(made, lambda: _two(made))


async def _two(made: Hooks) -> None:
    (added,) = (await made.ask(headers={"x-mode": "add"}, path="/a", host="API.example:8443")).answers
    assert added.headers == (("x-tenant", "alice/aapi.example"),)
    (denied,) = (await made.ask(headers={"x-mode": "deny"})).answers
    assert (denied.result, denied.detail, denied.status) == (HookResult.DENY, "no", 404)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("raise ValueError('secret')", "ValueError at "),
        ("raise SystemExit(0)", "SystemExit at "),
        ("raise KeyboardInterrupt", "KeyboardInterrupt at "),
        ("raise GeneratorExit", "GeneratorExit at "),
        ("raise asyncio.CancelledError", "CancelledError at "),
        ("raise BaseException", "BaseException at "),
        ("raise MemoryError", "MemoryError at "),
        ("return check(request, identity)", "RecursionError at "),
        ("return True", "it returned a bool"),
        ("return 'allow'", "it returned a str"),
        ("return asyncio.sleep(0)", "it returned a coroutine"),
        ("return request.headers['x-other']", "the header 'x-other' is not declared"),
        ("request.path = '/public'", "AttributeError at "),
        ("identity.claims['admin'] = True", "TypeError at "),
        ("return add({'x-other': '1'})", "the header 'x-other' is not declared"),
        ("return deny('x', status=200)", "ValueError at "),
        ("sys.exit()", "SystemExit at "),
    ],
)
def test_fails(tmp_path: Path, line: str, why: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever it does denies, and is logged without what an exception says."""
    with hooks(tmp_path, f"def check(request, identity):\n    {line}\n") as made:

        async def work() -> None:
            result, text = await made.one()
            assert result is HookResult.FAILED
            assert text.startswith(why)

        run(made, work)
    assert why in caplog.text
    assert "secret" not in caplog.text


_READS = """
@hook(reads_headers=["x-a", "x-b"])
def check(request, identity):
    if "x-b" in request.headers:
        return None
    return deny(request.headers.get("x-a", "nothing"))
"""
#: Headers as Envoy sends them in either way, and what a hook sees of x-a; ``None``: it may be anything.
_SENT: list[tuple[dict[str, Any], str | None]] = [
    ({}, "nothing"),
    ({"headers": {"x-a": ""}}, ""),
    ({"headers": {"x-a": "a,b"}}, "a,b"),
    ({"header_map": [("x-a", b"a"), ("x-a", b"b!")]}, "a,b!"),
    ({"header_map": [("x-a", "é".encode())]}, "é"),
    ({"headers": {"x-a": "a!"}}, None),
    ({"header_map": [("x-a", b"\xff")]}, None),
    ({"headers": {"x-a": "a" * 4097}}, None),
    ({"headers": {"x-a": "," * 17}}, None),
]


@pytest.mark.parametrize(("sent", "seen"), _SENT)
def test_what_may_be_anything(tmp_path: Path, sent: dict[str, Any], seen: str | None) -> None:
    """A header that policies cannot read is none that a hook can take for something: it fails, here and elsewhere."""
    for declared in ("", ", cpu_bound=True"):
        text = _READS.replace('"x-b"]', f'"x-b"]{declared}')
        with hooks(tmp_path, text) as made:

            async def work(made: Hooks = made) -> None:
                result, why = await made.one(**sent)
                if seen is None:
                    assert result is HookResult.FAILED
                    assert why.startswith("the header 'x-a' has bytes, a length or so many commas")
                else:
                    assert (result, why) == (HookResult.DENY, seen)

            run(made, work)


def test_what_is_not_looked_at(tmp_path: Path) -> None:
    """A header that a hook declares and does not look at may be anything."""
    with hooks(tmp_path, _READS) as made:

        async def work() -> None:
            assert (await made.one(headers={"x-a": "!", "x-b": "1"}))[0] is HookResult.NOTHING

        run(made, work)


def test_repeated_failures_are_told_now_and_then(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A hook that fails with each request does not fill the log."""
    with hooks(tmp_path, "def check(request, identity):\n    raise ValueError\n") as made:
        for _ in range(5):
            made.asker.ask(made.need())
        assert made.meter.events == [("began", 0, ""), ("ended", 0, "failed")] * 5
    assert caplog.text.count("failed, denied") == 1


def test_what_it_changes_by_force_is_its_own(tmp_path: Path) -> None:
    """A hook that gets round everything changes what it was given itself, and nothing that others see."""
    text = """
def check(request, identity):
    object.__setattr__(request, "_values", {"path": "/public"})
    object.__setattr__(identity, "_values", {"subject": "root"})
    return None
def after(request, identity):
    return deny(f"{request.path} {identity.subject} {identity.claims['sub']}")
"""
    with hooks(tmp_path, text, "check", "after") as made:

        async def work() -> None:
            need = made.need((0, 1), path="/orders")
            found = made.asker.ask(need)
            assert [one.detail for one in found.answers] == ["", "/orders alice alice"]  # type: ignore[union-attr]
            assert need.identity is not None
            assert (need.request.endpoint.paths, need.identity.subject) == (("/orders",), "alice")

        run(made, work)


def test_readings(tmp_path: Path) -> None:
    """One that looks at the path is asked about each reading of it; one that does not, once."""
    text = """
def check(request, identity):
    if request.path == "/admin":
        return deny("closed")
seen = []
def once(request, identity):
    seen.append(request.method)
    return deny(str(len(seen)))
"""
    with hooks(tmp_path, text, "check", "once") as made:

        async def work() -> None:
            assert (await made.one(path="/admin%20"))[0] is HookResult.DENY
            assert (await made.one(path="/admins"))[0] is HookResult.NOTHING
            (answer,) = (await made.ask(1, path="/admin%20")).answers
            assert answer.detail == "1"

        run(made, work)


def test_first_that_denies_ends(tmp_path: Path) -> None:
    """Hooks after one that denies or fails are not asked."""
    text = """
def one(request, identity): ...
def two(request, identity): return deny("two")
def three(request, identity): raise RuntimeError("never asked")
"""
    with hooks(tmp_path, text, "one", "two", "three") as made:
        answers = made.asker.ask(made.need((0, 1, 2))).answers  # type: ignore[union-attr]
        assert [one.result for one in answers] == [HookResult.NOTHING, HookResult.DENY]
        assert made.meter.count("began") == 2


class _Clock:
    """A clock that each look at moves."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def test_over_its_budget(tmp_path: Path) -> None:
    """An answer that took too long is none, and after some of these it is asked in a process of its own."""
    clock = _Clock(0.5)
    text = "def check(request, identity): return add(metadata={'pid': os.getpid()})\n"
    with hooks(tmp_path, text, clock=clock, budget=0.1) as made:

        async def work() -> None:
            for _ in range(3):
                result, why = await made.one()
                assert (result, why) == (HookResult.TIMEOUT, "it took 500 ms, and may take 100")
            assert made.meter.count("moved") == 1
            (answer,) = (await made.ask()).answers
            assert answer.result is HookResult.ADD
            assert str(os.getpid()) not in answer.metadata
            assert made.meter.count("moved") == 1

        run(made, work)


def test_now_and_then_over_its_budget(tmp_path: Path) -> None:
    """A slow one now and then, be it that the machine was busy, is no reason to ask elsewhere."""
    clock = _Clock(30.0)
    with hooks(tmp_path, "def check(request, identity): ...\n", clock=clock, budget=0.1) as made:

        async def work() -> None:
            for _ in range(5):
                assert (await made.one())[0] is HookResult.TIMEOUT
            assert made.meter.count("moved") == 0

        run(made, work)


def test_after_one_that_never_came_back(tmp_path: Path) -> None:
    """A server whose predecessor was killed while it asked one has it asked elsewhere from the start."""
    text = "def check(request, identity): return add(metadata={'pid': os.getpid()})\n"
    with hooks(tmp_path, text, left=True) as made:

        async def work() -> None:
            assert made.meter.count("moved") == 1
            (answer,) = (await made.ask()).answers
            assert answer.result is HookResult.ADD
            assert str(os.getpid()) not in answer.metadata

        run(made, work)


def test_fork(tmp_path: Path) -> None:
    """A copy of the server that a hook makes ends where it comes back: it never answers a check."""
    text = """
def check(request, identity):
    if os.fork() == 0:
        return allow()
    return add(metadata={"status": os.waitstatus_to_exitcode(os.wait()[1])})
"""
    with hooks(tmp_path, text) as made:
        (answer,) = made.asker.ask(made.need()).answers  # type: ignore[union-attr]
        assert answer.metadata == '{"status": 1}'


def test_code_that_has_changed(tmp_path: Path) -> None:
    """A server that finds another code than the Trust names asks nobody, and denies."""
    text = "def check(request, identity): ...\n"
    with hooks(tmp_path, text) as made:
        module = made.facts[0].call.partition(":")[0]
        (tmp_path / f"{module}.py").write_text(text + "# changed\n", encoding="utf-8")
        sys.modules.pop(module)
        asker = Asker(made.facts, [WAYS], made.pool, made.meter)  # as a server that starts now does
        (answer,) = asker.ask(made.need()).answers  # type: ignore[union-attr]
        assert answer.result is HookResult.FAILED
        assert "has changed since the sidecar started" in answer.detail
