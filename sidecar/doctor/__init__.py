"""What the sidecar was given, what it made of it, and what is wrong with either (docs/doctor.md).

```
/proc, /sys, cgroup ─> given.py ──┐
configuration ─> made.py, files.py ┼─> Snapshot ─> finding/ ─> Findings
admin.listen ─> running.py ────────┘
```

Looking is one thing, judging another: a finding is a pure function of the snapshot, so that each is tested on what a
machine could say which nobody has. Nothing here changes anything, or writes anywhere.
"""
