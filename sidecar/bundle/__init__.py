"""Policies that are distributed as one signed document: what is in it, whose it is, and which may follow which.

    policies (YAML) ── authz-sidecar policy bundle sign ──> one file on a web server ── HTTPS ──> control
    control: message.py (is it signed, and a bundle?) ──> succession.py (may it follow the one in force?) ──> reload

Rules of this package:

1. Nothing is read of what is not signed by a key that is believed now, but by ``show``, which says so.
2. Policies are JSON in a bundle, and YAML only before it is signed: of JSON no two readers can disagree, it has no
   anchors that multiply, and it is read in a hundredth of the time.
3. A bundle names itself, and has a number that only grows: neither another one nor an older one is taken for it.
"""
