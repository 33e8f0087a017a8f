"""Environment variables by which a node agent tells its tenants what they are. Imports nothing, as the agent does."""

#: Folders, joined as those of PATH are: a configuration may name no file outside of them (``loading.confined``).
CONFINED_TO = "AUTHZ_CONFINED_TO"
#: The tenant's name, for its logs.
TENANT = "AUTHZ_TENANT"
