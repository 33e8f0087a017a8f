"""How many verifiers there are to be, where that changes by itself: looks at their pool in, a number out.

    Look, each second ──> decide(looks, bounds) ──> the number, and why

Growing takes seconds, shrinking minutes, and neither undoes the other: ``decision.py`` says why. Values and a pure
function: control looks, and tells the supervisor, which starts and stops.
"""
