"""Fuzz the native transport: any bytes, in any pieces, with time that passes between them (``inputs``, ``subject``).

    PYTHONPATH=tests python tests/fuzz/fuzz_connection.py -max_total_time=60 build/fuzz tests/fuzz/corpus
    PYTHONPATH=tests python tests/fuzz/fuzz_connection.py -merge=1 -use_counters=0 tests/fuzz/corpus build/fuzz
    PYTHONPATH=tests python tests/fuzz/fuzz_connection.py --seed tests/fuzz/corpus

The first puts what it finds into the first folder. The second takes into the corpus what reaches code that nothing in
it reaches (not what reaches it more often: that would be hundreds). The third writes the corpus to begin with.
"""

import logging
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["sidecar.transport.native", "hpack"]):
    from fuzz.inputs import seeds
    from fuzz.subject import fuzz


def main() -> None:
    """Fuzz, merge, or write the seeds."""
    if sys.argv[1:2] == ["--seed"]:
        for name, data in seeds().items():
            (Path(sys.argv[2]) / name).write_bytes(data)
        return
    logging.disable()
    # libFuzzer merges in a child, which it starts through the shell with our arguments as they are.
    atheris.Setup([f"{sys.executable} {sys.argv[0]}", *sys.argv[1:]], fuzz)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
