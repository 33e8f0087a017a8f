"""The engine in any Python program: ``from sidecar import Authenticator`` (docs/library.md).

```
any thread, any loop                      the home loop
Authenticator.authenticate(token) ──┬──>  Service ─ CheckRequest ─> Engine ─> Checker    (the server's own)
      │ known: answered right here  │        │                        └─> verifiers, other processes
      └──────── Recent ─────────────┘        └─ Desk: keys, files, revocation, sweep     (control's own)
```

Rules of this package:

1. A token is decided by the very code that decides in a server. What is here asks it, and remembers what it said.
2. Whatever is wrong with a token, or goes wrong, is a ``Refused``. Exceptions are for misuse alone.
3. What is remembered is held against time, keys and denylist each time (``recent.py``), as everywhere.
4. No token is in a repr, an error or a log.
"""
