"""The two HTTP listeners of the control process: probes and metrics for the platform, administration for its operator.

Rules of this package:

1. A page is a function from ``Call`` to ``Answer``, without sockets; ``server.py`` alone knows aiohttp.
2. One request a connection, and a time in which the connection must have ended; at the limit of connections the oldest
   makes room. So nobody who is slow, or many, keeps Kubernetes' probe out.
3. Targets are compared as they were sent, byte by byte. Nothing is decoded or normalised, and no file is ever served.
4. Bodies of errors are of our own making: nothing that was sent comes back.
5. The administration is open to whoever may open its Unix socket; on TCP, loopback included, to whoever has the bearer
   token or a client certificate. In a pod loopback is shared with the application, and so is no protection.
"""
