"""The node agent: whole sidecars, one for each workload of the node, that share nothing (docs/agent.md).

```
folders ─> workloads ─> agent ──starts, ends──> tenant  (a process tree of its own: ``authz-sidecar serve``)
                          │   <──wants── ──go──>   │
                          └──status──> desk <──HTTP over Unix sockets──┘      (probes and metrics of all)
```
The agent parses nothing from outside: names of folders, and what its own processes tell it. What stands in a tenant's
files is read by that tenant's processes alone; HTTP is the desk's, which may be killed at any time.
"""
