"""Processes of the running sidecar.

    supervisor            starts, watches and stops; one thread, parses nothing from outside, never imports grpc
     ├─ control           HTTP listeners, reload, sweep of the shared cache
     ├─ server-0 … N-1    one event loop each, its own socket, its own Envoy endpoint
     └─ verifier-0 … V-1  signatures in batches, through rings in shared memory

    serve.py              from a configuration to all of it
    supervision/          the supervisor, and how its children begin and end
    control/              the control process
    serving/              servers and verifiers, and all in one process
    ipc/                  what is between them

Any of them may be killed at any instant. What they share is made by the supervisor (``ipc/shared.py``), lives as long
as it, and has no locks. Children end when the supervisor does (``supervision/child.py``).
"""
