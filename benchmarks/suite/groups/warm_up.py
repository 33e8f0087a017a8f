"""Warm-up: identities kept and restored, and tokens verified into the shared cache of a real sidecar."""

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count

import jwt
from click.testing import CliRunner

from sidecar.cli.main import cli
from sidecar.demo.workspace import AUDIENCE, ISSUER, Workspace
from sidecar.loading.load import load_configuration
from sidecar.loading.trust import load_trust
from suite.given.identities import Identities
from suite.given.sidecars import cpu_seconds, family, started, workspace
from suite.measurement import Baseline, Measurement, Take, Unit
from suite.size import Size
from suite.timing import Together, wall

TITLE = "warm-up, 2 servers and 2 verifiers"
COSTLY = True
IDENTITIES, TOKENS, LOOP = 100_000, 10_000, 2000
SERVERS, VERIFIERS = 2, 2
#: Seconds that verifiers get to come up, and between two looks.
_PATIENCE, _LOOK = 20.0, 0.5


def measurements(size: Size, stack: ExitStack) -> list[Measurement]:
    """Measure both, against a PyJWT loop over as many tokens, by one process."""
    made = workspace(stack, servers=SERVERS, verifiers=VERIFIERS)
    trust = load_trust(load_configuration(made.config, {})).trust
    kept = Identities(made.folder, trust, size.number(IDENTITIES, 100))
    number = size.number(TOKENS, 20)
    kept.keep()
    number = size.number(TOKENS, 20)
    warmed, loop = Together(_verifying(stack, made, number)), _loop(made, min(number, LOOP))
    one_by_one = "a PyJWT loop (calculated from fewer)"
    return [
        Measurement("keep", f"{kept.number:,} identities kept", Unit.SECONDS, kept.keep),
        Measurement(
            "restore",
            f"{kept.number:,} identities restored",
            Unit.SECONDS,
            kept.restore,
            Baseline(one_by_one, lambda: loop() * kept.number),
        ),
        Measurement(
            "warm",
            f"{number:,} tokens verified into the shared cache",
            Unit.SECONDS,
            warmed.of(0),
            Baseline(one_by_one, lambda: loop() * number),
        ),
        Measurement("warm-cpu", "the same, of all processes, a token", Unit.MICROSECONDS, warmed.of(1)),
    ]


def _verifying(stack: ExitStack, made: Workspace, number: int) -> Callable[[], tuple[float, float]]:
    """Start a sidecar; return what has it verify new tokens: seconds of its own clock, and of CPU a token."""
    process, names = started(stack, made), count()
    until = time.monotonic() + _PATIENCE
    # Not only until servers answer: it is no start that is measured.
    while not (made.folder / "admin.sock").exists() and time.monotonic() < until:
        time.sleep(_LOOK)
    while len(family(process, ("authz-verifier",))) < VERIFIERS and time.monotonic() < until:
        time.sleep(_LOOK)
    time.sleep(_LOOK)

    def verify() -> tuple[float, float]:
        file = made.folder / "tokens.txt"
        file.touch(0o600)
        file.write_text("\n".join(made.token(sub=f"user{next(names)}") for _ in range(number)), "ascii")
        before = cpu_seconds(family(process))
        asked = ["warm", "--against", f"unix:{made.folder}/admin.sock", "--tokens", str(file)]
        done = CliRunner().invoke(cli, asked, catch_exceptions=False)
        assert done.exit_code == 0, done.output  # noqa: S101 - so it is here
        counts = json.loads(done.stdout)
        assert counts["warmed"] == number, counts  # noqa: S101 - the answer is part of the measurement
        return counts["seconds"], (cpu_seconds(family(process)) - before) / number

    return verify


def _loop(made: Workspace, number: int) -> Take:
    """Return what takes the seconds that PyJWT takes for a token."""
    tokens, public = [made.token(sub=f"user{each}") for each in range(number)], made.key.private.public_key()
    return wall(
        lambda: [jwt.decode(one, public, algorithms=["EdDSA"], audience=AUDIENCE, issuer=ISSUER) for one in tokens],
        number,
    )
