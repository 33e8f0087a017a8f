"""A report on a terminal, live: ``authz-sidecar top``.

    thread: GET /report ──> Following ──┐ wakes
    keyboard, a resized window ─────────┴──> loop (run.py) ──> screen() ──> rich

``screen.py`` and ``blocks.py`` are pure: a view, a width and a height become lines that fit. ``run.py`` alone knows the
terminal, and gives it back as it was, whatever happens.
"""
