"""Cases: requests written down with what is expected of them, put through the very check that a server runs.

    file of cases ─ read ─> Case ─ request ─> CheckRequest ─ run ─> core.check ─> Found ─ expectation ─> differences
                              └─ trial_trust: the configuration, with keys of ours in place of its issuers'

Nothing is fetched, asked or remembered, and no key of anybody's is needed: tokens are signed by keys made for the run.
"""
