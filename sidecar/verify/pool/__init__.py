"""Verifying in other processes: jobs go to verifiers through rings in shared memory, verdicts come back the same way.

    server (asyncio)                                             verifier
    Pool.verify(need) ── job ──> ring, one a pair of processes ──> Worker.turn() ── signature.verify
         ^   └────────────────── wake-up, one a tick ────────────> │
         └── verdict <────────── ring, one a pair <────────────────┘ and a wake-up, one a batch

Rules of this package:

1. No check is lost. Whatever becomes of a job (no room, too late, its verifier killed), another verifier gets it, or it
   is verified in the server.
2. A verdict is believed if its nonce is that of a job under way, and both its digests are that job's, in full.
3. What comes out of a ring is bytes until ``codec.py`` has read it strictly. Nothing is ever pickled.
4. The server's event loop never waits, and neither process waits for the other.
"""
