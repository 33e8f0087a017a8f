"""How the sidecar fares, and what to do about it: a report made of samples, and advice made of a report.

    counters, scoreboard, facts ──> Sample ──every 5 s──> History ──> report() ──> Report ──> alerts(), advice()

Rules of this package:

1. ``model.py``, with ``figures.py`` and ``standing.py``, is what a report says. Its JSON (``wire.py``) is what
   ``GET /report`` answers and what everybody reads who shows it: ``VERSION`` goes up when a field changes its meaning
   or goes; a new field is no new version.
2. A report is a pure function of samples, alerts and advice are pure functions of a report: no clock, no files, no
   settings read from anywhere. Times are arguments, seconds of CLOCK_MONOTONIC, so that a clock that is set right does
   no harm.
3. ``None`` is unknown, and never 0. What is unknown gives neither alert nor advice.
4. Nothing in a report is secret: names, numbers, and text of our own.
"""
