"""Signing in other processes, which alone have the private keys. Modelled on ``sidecar.verify.pool``.

    asker (asyncio)                                                       minting worker, which read the key files
    SigningPool.sign_many ── jobs ──> ring, one a pair of processes ──> SigningWorker ── MintingKey.sign
         ^   └────────────────── wake-up, one a tick ───────────────────> │
         └── signatures <──────── ring, one a pair <──────────────────────┘ and a wake-up, one a job

A job is some signing inputs for one key. Rules of this package:

1. A private key is in the memory of workers alone: they read the files themselves, and nothing of a key but its public
   half ever leaves them. What an asker knows of keys is what the workers told it (a JWK Set).
2. A signature is believed if the answer's nonce is that of a job under way which this very worker was sent, and key
   thumbprint and digest of the signing inputs are that job's, in full. The worker makes the digest of what it signed.
3. No job is lost while there is a worker: what one of them does not answer is asked of another. Where there is none
   within the deadline the caller gets ``SigningUnavailableError``: it has no key, and nothing is ever sent unsigned.
4. What comes out of a ring is bytes until ``codec.py`` has read it strictly. Nothing is ever pickled.
5. The asker's event loop never waits, and neither process waits for the other.
"""
