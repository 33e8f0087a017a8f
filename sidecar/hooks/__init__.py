"""What a hook is written with: a Python function that is asked about requests (docs/hooks.md).

```python
from sidecar.hooks import Decision, Identity, Request, deny

def check(request: Request, identity: Identity | None) -> Decision | None:
    if request.method != "GET" and identity is None:
        return deny("nobody changes anything without a token")
    return None
```
This module imports nothing of the sidecar's but these values: a hook is tested as any function is.
"""

from sidecar.hooks.decision import Decision, add, allow, deny
from sidecar.hooks.declaration import Declaration, hook
from sidecar.hooks.headers import UndeclaredError, UnreadableError
from sidecar.hooks.identity import Identity
from sidecar.hooks.request import Request

__all__ = [
    "Decision",
    "Declaration",
    "Identity",
    "Request",
    "UndeclaredError",
    "UnreadableError",
    "add",
    "allow",
    "deny",
    "hook",
]
