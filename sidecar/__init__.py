"""ext-authz-sidecar: an external-authorization (ext_authz) server that runs beside Envoy.

The way of one check can be read off the folders: ``transport`` takes bytes from Envoy, ``engine`` drives
``core.check``, ``verify`` does the cryptography, and bytes go back. See ``docs/architecture.md``.
"""
