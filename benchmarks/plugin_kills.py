"""What is lost while server processes are killed, with Envoy as each product of ``k8s/plugins`` configures it.

    PYTHONPATH=tests python benchmarks/plugin_kills.py [--requests 6000] [--connections 32] [--seconds 1.0] [NAME ...]

A real Envoy, the sidecar with two servers, and at least so many requests, with tokens that are known. Each server is
killed twice (SIGKILL), each time once the one before answers again and Envoy takes it for well: one at a time, as it is
where processes die. Before that, as many requests come with nobody killed, so that what a busy machine loses by itself
is seen as well. ``--seconds`` is the time-out of a check in the place of the examples' 0.2, for machines that do other
things; each try has half of it where there are retries.

Prints a row for each way that servers can listen: ``per_process``, an endpoint for each, where the example names
several, and ``shared``, all on one port. It has how many requests were answered, how many of these while a server was
away (from its death until Envoy asks its successor), and how many were lost.
"""

import argparse
from collections.abc import Iterator

from support.killing import lost
from support.plugins import PLUGINS, Plugin, running_plugin

KILLED = ("server-0", "server-1", "server-0", "server-1")


def modes(plugin: Plugin) -> Iterator[bool]:
    """Give whether servers share a port, for each way that the product can name them."""
    if plugin.names_several:
        yield False
    yield True


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", default=[*PLUGINS])
    parser.add_argument("--requests", type=int, default=6000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=1.0)
    asked = parser.parse_args()
    print(f"{len(KILLED)} kills, {asked.connections} connections, {asked.seconds:g} s a check")
    print("| plug-in | servers | requests | while one was away | lost | lost without kills |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    for name in asked.names:
        plugin = PLUGINS[name]
        for shared in modes(plugin):
            with running_plugin(plugin, shared=shared, seconds=asked.seconds) as running:
                quiet = lost(running, asked.requests, asked.connections, ())
                found = lost(running, asked.requests, asked.connections, KILLED)
            mode = "shared" if shared else "per_process"
            print(f"| {name} | `{mode}` | {found.answered} | {found.away} | {found.lost} | {quiet.lost} |", flush=True)


if __name__ == "__main__":
    main()
