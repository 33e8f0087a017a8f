"""What would take the process down or fill its memory: each in a process of its own."""

import multiprocessing
import subprocess
import sys
import threading

import pytest

from sidecar.cel import compile_terms

DEEP = {
    "parentheses": "'(' * 100_000",
    "pairs": "'(' * 100_000 + 'true' + ')' * 100_000",
    "lists": "'[' * 100_000",
    "negations": "'!' * 100_001 + 'true'",
    "members": "'identity.claims' + '.a' * 100_000 + ' == 1'",
    "calls": "'size(' * 100_000",
    "ands": "' && '.join(['true'] * 20_000)",
    "conditionals": "'true ? ' * 10_000 + 'true' + ' : true' * 10_000",
    "loops": "'[1].all(a, ' * 5_000 + 'true' + ')' * 5_000",
    "open text": "'\"' + 'a' * 100_000",
    "quotes": '\'"""\' * 30_000',
}


KEEPING = r"""
import resource
from sidecar.cel import compile_terms
terms = compile_terms('''
    identity.claims.groups.exists(g, g == 'q') && request.path.matches('^/x/[0-9]+$') &&
    inCidr(source.address, '10.0.0.0/8') && request.headers['x-t'] == 'a' && identity.claims.zz == 1 &&
    now > timestamp('2026-01-01T00:00:00Z') && ['a'].exists(a, request.path.matches('b')) && destination.port > 1 &&
    identity.scopes.exists(s, s.matches('a')) && request.path.lowerAscii().matches('c') && size(identity.claims) > 0
''')
good = {'identity.claims': {'groups': ['a', 'q']}, 'request.path': '/x/1', 'source.address': '10.1.1.1', 'now': 1.0,
    'request.headers': {'x-t': 'a'}, 'destination.port': 4, 'identity.scopes': ['a', 'b']}
bad = {'identity.claims': {'groups': [{'a': 2**70}], 'zz': 2**64}, 'request.path': '\udc80', 'source.address': 'z',
    'request.headers': {'x-t': 5}, 'now': 1e300, 'destination.port': 2**64, 'identity.scopes': ['\udc80']}

def turns(number):
    for _ in range(number):
        for term in terms:
            term(good), term(bad), term({})
    return int(open('/proc/self/statm').read().split()[1]) * resource.getpagesize()

before = turns(2_000)
print(turns(12_000) - before)
"""


def run(program: str) -> str:
    """Run in a fresh interpreter; return what it prints."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=100
    )
    return done.stdout.strip()


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP.keys())
def test_the_library_stands_deep_input(text: str) -> None:
    """Neither we nor the library alone, which has no limit of ours before it, run out of stack."""
    assert run(
        "from sidecar.cel import CelError, compile_terms\n"
        "from sidecar.cel.environment import LibraryError, check\n"
        f"text = {text}\n"
        "for attempt in (compile_terms, check):\n"
        "    for part in (text, text[:4096]):\n"
        "        try:\n"
        "            attempt(part)\n"
        "        except (CelError, LibraryError):\n"
        "            pass\n"
        "print('alive')"
    ) == "alive"  # fmt: skip


def test_nothing_is_kept() -> None:
    """Memory does not grow with evaluations, whatever they come to: 144 bytes each would be 1.7 MB for each term."""
    assert int(run(KEEPING)) < 1_200_000


def test_an_environment_outlives_a_fork() -> None:
    """Terms that were compiled before a fork, and an environment that was made before it, work after it."""
    (before,) = compile_terms("request.method == 'GET' && true")[:1]
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def child() -> None:
        (after,) = compile_terms("request.path.matches('^/a')")
        theirs.send((before({"request.method": "GET"}), after({"request.path": "/a"}), after({})))

    process = context.Process(target=child)
    process.start()
    assert ours.poll(60)
    assert ours.recv() == (True, True, None)
    process.join(60)
    assert process.exitcode == 0


def test_threads_may_share_a_term() -> None:
    """Each thread gets the answer for the values it gave."""
    (term,) = compile_terms("request.path.matches('^/[0-4]$') && true")[:1]
    wrong: list[int] = []

    def ask(number: int) -> None:
        if any(term({"request.path": f"/{number}"}) is not (number < 5) for _ in range(300)):
            wrong.append(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
