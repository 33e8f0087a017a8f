"""Which CPUs the processes run on.

```
/sys ─> topology ─┐
/proc, cgroup ────┴─> plan ─> one Place a process ─> apply, in that process, before it allocates
```

Rules of this package:

1. It imports nothing of ours but itself, and of others the standard library alone: no grpc, no logging. The supervisor
   may import it.
2. Reading a tree is a pure function of its root, so that any machine's tree can be read on any other.
3. Planning is a pure function of values: the same machine and numbers give the same plan.
4. Placement is about speed, never about safety. Whatever is missing has a fallback that is written down where it is
   taken; whatever contradicts itself raises ``TopologyError`` or ``CgroupError``, and who starts processes then says so
   and goes on with ``machine.flat`` or without a quota.
"""
