"""When somebody is to know: few alerts, each with a page in docs/runbooks that says what to do.

One alert stands for one application, not for each of its pods, unless it is about a process.
"""

from typing import Final

from authz_monitoring.alerts import agent, checks, configuration, keys, processes, revocation
from authz_monitoring.rule import Alert, Group

GROUPS: Final = (
    Group("authz.checks", checks.ALERTS),
    Group("authz.processes", processes.ALERTS),
    Group("authz.keys", keys.ALERTS),
    Group("authz.revocation", revocation.ALERTS),
    Group("authz.configuration", configuration.ALERTS),
    Group("authz.agent", agent.ALERTS),
)
ALERTS: Final = tuple(alert for group in GROUPS for alert in group.rules if isinstance(alert, Alert))
