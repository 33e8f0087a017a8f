"""One suite, one table: ``make bench``.

``groups`` has a module for each topic, whose ``measurements`` makes what is measured there: a name, a unit, what takes
one value, and a baseline that is taken in the same run (``measurement``). A worker (``worker``) is a process that takes
one group: first a warm-up, then rounds, in each of which every value is taken once, in turns (``rounds``). The suite
(``run``) has several workers for each group, one after the other, since memory and hashes lie differently in each
process; ``statistics`` makes medians, spreads and ratios of what they found, ``table`` and ``page`` what is read, and
``claims`` holds it against what was once claimed.

pyperf has been looked at, and is used for what it knows of machines and for its file (``saved``), so that two runs can
be compared by ``python -m pyperf compare_to``. Its own runner measures one thing after the other, each in 20 processes.
Here the ratio to a baseline counts, on machines that are not quiet: so both take turns, and a value of one process is
CPU time where others on the machine would change what the clock says.
"""
