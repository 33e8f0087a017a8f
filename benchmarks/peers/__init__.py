"""The sidecar beside what else could do its work, through a real Envoy. Linux.

    make bench-peers            or, where all is installed: PYTHONPATH=benchmarks python -m peers [--quick]

``run`` goes through rounds: in each, every contender of ``contenders`` is started anew, has to answer a set of requests
rightly (``answers``), and is measured at the cells of ``plan`` (``measure``, with ``load`` and ``cpu``). What comes out
is one JSON file; ``report`` and ``charts`` make the page of it, and ``gates`` holds it against what was aimed at.
"""
