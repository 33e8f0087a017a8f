"""What is told of single checks: a log of decisions, and the denials of late.

```
check ── watching ──> Backlog ──> record ──> Redaction ──> Masks ─┬─> line ──> Delivery ──> stdout, file, otlp
         few of many  raw bytes   a little in each turn           └─> memory.recent, for control
```
Nothing on a check's own way but a look at its decision and, for those that are logged, a place in a queue: its request
is read again later, in what a turn of the loop has left for it. What is written is written by threads of their own, so
that a disk that is slow and a pipe that nobody reads hold up no check. Every queue is bounded; what finds no room is
dropped, and counted.

INVARIANT: no token, signature, cookie, proof or query is in a record. ``record.py`` names what is told, and nothing
else is; ``redaction.py`` looks for a credential that stands where none should be, as in a path.
"""
