"""Requests out of a log, decided on once more under other policies: ``authz-sidecar policy diff``.

The way of a line: ``formats`` (and ``envoy_text``) read it into a ``record``, ``asked`` makes of it what policy looks
at, ``decide`` decides, and ``compare`` holds two verdicts against each other and counts.

A log does not have all that a policy may look at. What it lacks is never guessed: ``needs`` says what a condition looks
at, and a decision that hangs on something unknown is "cannot be told", and counted as such.
"""
