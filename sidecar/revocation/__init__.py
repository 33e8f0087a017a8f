"""What is revoked: entries, where they come from, and how they get into the list that all processes share.

    file ─┐                                       ┌─ Lifetimes: until when       ┌─ HashPool
    POST ─┼─> entry.py: one JSON object an entry ─┴─────────────────> Keeper ────┴─> memory.denylist ─> every check
    feed ─┘   (feed: signed, message.py)

Rules of this package:

1. Entries are only ever added. What is over is over by its own end; nothing else takes one away, whatever happens to
   the file, the feed or this process.
2. An entry lasts as long as any token it could meet, or it is refused with a text that says what to do (lifetime.py).
3. Whatever comes through Redis is believed if it is signed, and for what it says alone.
4. Redis is known to ``feed.py`` alone.
"""
