"""How unevenly the kernel spreads connections over servers that share a port (``listen_mode: shared``). Linux.

    python benchmarks/shared_listening.py [--servers 4] [--draws 2000]

Opens a few connections at a time, as many as Envoy has workers, to a port that so many listeners share as the servers
do (SO_REUSEPORT), and looks at how many the busiest listener got. A server's share of the checks is its share of the
connections: Envoy spreads its checks over its workers evenly. Endpoints of their own share evenly, by LEAST_REQUEST.
"""

import argparse
import select
import socket
from statistics import mean

WORKERS = (1, 2, 4, 8, 16)


def listeners(servers: int) -> list[socket.socket]:
    """Return so many sockets that listen on one port."""
    made: list[socket.socket] = []
    for _ in range(servers):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        one.bind(("127.0.0.1", made[0].getsockname()[1] if made else 0))
        one.listen(64)
        made.append(one)
    return made


def draw(servers: list[socket.socket], connections: int) -> list[int]:
    """Open so many connections; return how many each server got."""
    open_ones = [socket.create_connection(servers[0].getsockname()) for _ in range(connections)]
    got = [0] * len(servers)
    while sum(got) < connections:
        for ready in select.select(servers, [], [])[0]:
            ready.accept()[0].close()
            got[servers.index(ready)] += 1
    for one in open_ones:
        one.close()
    return got


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", type=int, default=4)
    parser.add_argument("--draws", type=int, default=2000)
    options = parser.parse_args()
    shared = listeners(options.servers)
    print(f"{options.servers} servers on one port, {options.draws} draws")
    print("connections   busiest server has   servers without any")
    for connections in WORKERS:
        draws = [draw(shared, connections) for _ in range(options.draws // connections)]
        busiest = mean(max(got) / connections for got in draws)
        idle = mean(got.count(0) for got in draws)
        print(f"{connections:11}   {busiest:18.0%}   {idle:19.1f}")


if __name__ == "__main__":
    main()
