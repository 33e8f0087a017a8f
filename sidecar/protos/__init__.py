"""The messages of others' interfaces: Envoy's ext_authz v3 (``ext_authz``) and CEL's checked trees (``cel_expr``).

``make protos`` records their descriptors, and with them their types; nothing of it is written by hand. They lie in a
pool of their own (``pool``), so that nothing else in the process can clash with them.
"""
