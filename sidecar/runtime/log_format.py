"""How lines of the log look: those of a node agent's tenants name theirs."""

import os

from sidecar.loading.variables import TENANT

_WHOSE = f"{os.environ[TENANT]} ".replace("%", "%%") if TENANT in os.environ else ""
LOG_FORMAT = f"%(asctime)s %(levelname)s {_WHOSE}%(name)s: %(message)s"
