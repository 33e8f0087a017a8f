"""Warm-up: the identities of the shared cache as one sealed document, for the next start (docs/warm-up.md).

Rules of this package:

1. There is no token in a snapshot: entries are under keyed digests, as in the cache, and have the claims.
2. It is believed as a whole or not at all: sealed with a key from a Secret, of this very Trust, not from the future.
3. What is restored is looked at like whatever else is in the cache: under which issuer and key, until when, and whether
   it was revoked. A snapshot lets nobody in who would not be let in without it.
"""
