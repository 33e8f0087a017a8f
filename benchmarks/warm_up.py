"""Warm-up: 100,000 identities kept and restored, and 10,000 tokens verified by a real sidecar.

    python benchmarks/warm_up.py [--identities 100000] [--tokens 10000]

The aims are 3.75 s for restoring, and 1 s for verifying with two verifiers, on two CPUs that are idle. Beside what the
clock says stands CPU time, which others on the machine change less. Every identity that was restored is held against
what was put; a wrong one, and nothing else, is an error.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from sidecar.cli.main import cli
from sidecar.core.identity import identity_of
from sidecar.demo.stack import start_sidecar
from sidecar.demo.workspace import AUDIENCE, ISSUER, prepare
from sidecar.engine.shared_cache import SharedTokenCache
from sidecar.loading.load import load_configuration
from sidecar.loading.trust import load_trust
from sidecar.memory import segment
from sidecar.memory.cache import SharedCache
from sidecar.runtime.control.warm_up import WarmUp
from sidecar.settings.warm_up import WarmUpSettings

_CONFIGURATION = f"""\
listen: {{listen}}
servers: 2
verification_workers: 2
probe: {{listen: false}}
admin: {{listen: "unix:FOLDER/admin.sock"}}
issuers: [{{issuer: "{ISSUER}", audiences: [{AUDIENCE}], keys: {{file: jwks.json}}}}]
policies: [{{name: all, action: allow, rules: [{{}}]}}]
"""


def restoring(folder: Path, number: int) -> None:
    """Keep and restore so many identities, and print what that took."""
    prepare(folder, _CONFIGURATION.replace("FOLDER", str(folder)))
    trust = load_trust(load_configuration(folder / "authz.yaml", {})).trust
    issuer, now = trust.issuers[ISSUER], time.time()
    settings = WarmUpSettings.model_validate({"snapshot_file": "snapshot", "key_file": "unused"})
    times: dict[str, str] = {}
    secret, seal = bytes(32), bytes(range(32))
    names = [f"token of user {index}".encode() for index in range(number)]
    for turn in ("kept", "restored"):
        with segment.create(512 * max(number, 4096) * 3) as memory:
            shared = SharedCache(memory, 1)
            cache = SharedTokenCache(shared, secret)
            warm_up = WarmUp(
                settings, folder, shared, seal, trust=lambda: trust, is_ready=lambda: True, restore_first=False
            )
            if turn == "kept":
                for index, name in enumerate(names):
                    claims: dict[str, Any] = {
                        "iss": ISSUER,
                        "sub": f"user{index}",
                        "aud": AUDIENCE,
                        "iat": now,
                        "exp": now + 3600,
                    }
                    cache.put(name, identity_of({**claims, "scope": "a b c"}, issuer, issuer.keys.keys[0]), now)
                began = time.perf_counter(), time.process_time()
                asyncio.run(warm_up.keep())
            else:
                began = time.perf_counter(), time.process_time()
                found = asyncio.run(warm_up.restore(folder / "snapshot"))
            seconds, cpu = time.perf_counter() - began[0], time.process_time() - began[1]
            times[turn] = f"{seconds:.2f} s (CPU {cpu:.2f} s)"
            if turn == "restored":
                known = (cache.get(name, trust, now) for name in names)
                subjects = [getattr(one, "subject", None) for one in known]
                lost = subjects.count(None)
                wrong = [one for index, one in enumerate(subjects) if one not in (None, f"user{index}")]
                if wrong or found > number or lost > number // 50:
                    sys.exit(f"WRONG: {len(wrong)} identities are another's, {lost} of {number} are lost")
                print(f"{found} identities restored in {times['restored']}, kept in {times['kept']}")


def verifying(folder: Path, number: int) -> None:
    """Have a sidecar verify so many tokens, and print what that took."""
    workspace = prepare(folder, _CONFIGURATION.replace("FOLDER", str(folder)))
    file = folder / "tokens.txt"
    file.touch(0o600)
    file.write_text("\n".join(workspace.token(sub=f"user{index}") for index in range(number)), "ascii")
    with start_sidecar(workspace) as process:
        time.sleep(2.0)  # until verifiers are there: it is no start that is measured
        before = _cpu(process.pid)
        done = CliRunner().invoke(
            cli, ["warm", "--against", f"unix:{folder}/admin.sock", "--tokens", str(file)], catch_exceptions=False
        )
        cpu = _cpu(process.pid) - before
    counts = json.loads(done.stdout)
    if counts["warmed"] != number:
        sys.exit(f"WRONG: {counts}")
    took = f"{counts['seconds']:.2f} s (CPU of all processes {cpu:.2f} s)"
    print(f"{number} tokens verified in {took} by 2 servers and 2 verifiers")


def _cpu(pid: int) -> float:
    """Return the seconds of CPU time that a process and its children have had."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    stats = [Path(f"/proc/{one}/stat").read_text("ascii").rpartition(")")[2].split() for one in (pid, *children)]
    return sum(int(fields[11]) + int(fields[12]) for fields in stats) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--identities", type=int, default=100_000)
    parser.add_argument("--tokens", type=int, default=10_000)
    chosen = parser.parse_args()
    for measure, number in ((restoring, chosen.identities), (verifying, chosen.tokens)):
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), number)


if __name__ == "__main__":
    main()
