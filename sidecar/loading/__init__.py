"""From a file and the environment to ``Settings``, and from those to a ``Trust``.

All problems are reported at once, each with its place.

```
authz.yaml ─> document (plain values, positions) ─> environment ─> settings ─> consistency ─> trust
```
"""
