"""The pure check.

Rules of this package, enforced by import-linter and tests:

1. Sans-IO, as h11 is: no sockets, asyncio, processes, threads, files or logging; it imports nothing of ours but itself.
2. No clock: ``now`` (seconds since the epoch, float) is an argument.
3. No cryptography: a signature is checked by whoever drives the check, asked for by a ``Needs`` value.
4. Every value is immutable. One ``Trust`` is looked at for the whole of a step; after every wait, time and Trust are
   looked at again before anything is allowed.
5. Any bytes lead to a decision. Steps refuse by raising ``Refusal`` with a ``Reason``; nothing else may escape them.
6. Only ``policy`` makes a ``Permit``, and only a ``Permit`` becomes an allowing response.
"""
