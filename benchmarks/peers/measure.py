"""One contender in one round: started, asked whether it answers rightly, measured, ended."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial

from peers import answers, cpu, envoy, load
from peers.contender import Bench, Contender, Front
from peers.load import LoadError, Outcome, TokenFile
from peers.plan import REFERENCE, Cell, Plan, Tokens
from peers.results import Failure, Measure
from sidecar.demo.process import Process


@dataclass(frozen=True, slots=True)
class TokenFiles:
    """The tokens of each kind; ``fresh`` ones are handed out once to each contender that is started."""

    one: TokenFile
    thousand: TokenFile
    fresh: TokenFile

    def taker(self) -> Callable[[Cell, float], TokenFile]:
        """Return what hands out tokens for a cell of so many seconds."""
        taken = 0

        def take(cell: Cell, seconds: float) -> TokenFile:
            nonlocal taken
            if cell.tokens is not Tokens.FRESH:
                return self.one if cell.tokens is Tokens.ONE else self.thousand
            count = cell.fresh_tokens(seconds)
            first, taken = taken, taken + count
            return TokenFile(self.fresh.file, first, count)

        return take


@dataclass(frozen=True, slots=True)
class Running:
    """A contender that answers: Envoy's port, and the processes whose time and memory are looked at."""

    port: int
    envoy: list[int]
    sidecar: list[int]


def run(contender: Contender, bench: Bench, plan: Plan, files: TokenFiles, number: int) -> Iterator[Measure | Failure]:
    """Yield what came of each cell; raises whatever keeps the contender from being measured at all."""
    take = files.taker()
    with ExitStack() as stack:
        running = start(contender, bench, stack)
        load.warm_up(bench.tools, running.port, files.thousand, plan.warm_up_seconds)
        for cell in [REFERENCE] if contender.variant else plan.cells:
            tokens = take(cell, plan.seconds)
            send = partial(load.send, bench.tools, running.port, cell, tokens, plan.seconds)
            try:
                yield _measure(running, send, contender=contender.name, cell=cell.name, number=number)
            except LoadError as error:
                yield Failure(contender.name, cell.name, number, str(error))


def start(contender: Contender, bench: Bench, stack: ExitStack) -> Running:
    """Start a contender and Envoy in front of it until ``stack`` closes; raises ``WrongAnswerError`` and others."""
    front: Front = contender.start(bench, stack)
    configuration = envoy.bootstrap(front, traced=contender.traced)
    process, port = envoy.start(bench.tools.path("envoy"), configuration, bench.folder)
    stack.enter_context(process)
    if contender.decides:
        answers.verify(port, bench.keys, told=True)
    return Running(port, cpu.tree(process.pid), _processes(front.process))


def _processes(process: Process | None) -> list[int]:
    return cpu.tree(process.pid) if process else []


def _measure(running: Running, send: Callable[[], Outcome], *, contender: str, cell: str, number: int) -> Measure:
    before = cpu.nanoseconds(running.envoy), cpu.nanoseconds(running.sidecar)
    outcome = send()
    after = cpu.nanoseconds(running.envoy), cpu.nanoseconds(running.sidecar)
    envoy, sidecar = ((late - early) / 1e3 / outcome.requests for early, late in zip(before, after, strict=True))
    return Measure(
        contender=contender,
        cell=cell,
        round=number,
        **asdict(outcome),
        envoy_cpu=envoy,
        sidecar_cpu=sidecar,
        envoy_memory=cpu.pss(running.envoy) / 1024,
        sidecar_memory=cpu.pss(running.sidecar) / 1024,
    )
