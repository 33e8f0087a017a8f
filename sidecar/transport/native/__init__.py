"""The native transport: HTTP/2 (RFC 9113) for unary gRPC calls, on loopback and Unix sockets. No TLS, no grpcio.

Its rules:

1. ``Connection`` is sans-IO, as h11 is: bytes in, events and bytes out. It knows no asyncio, no socket and no clock.
2. What may happen in which state stands in two tables: ``streams.py`` for a stream, ``phases.py`` for a connection.
3. Nothing that a peer sends raises out of ``Connection`` or ``Calls``: a fault ends a stream (RST_STREAM) or the
   connection (GOAWAY), and says why.
4. All that a peer can make us keep or do is bounded by ``Limits``.
5. Cutting the same bytes in another way changes nothing: the bytes that go back are the same.
6. A gRPC error lets a request in where Envoy has ``failure_mode_allow``. So limits are far above what Envoy can be made
   to send by its clients, and whoever waits is held back by flow control rather than refused.

```
socket ─> protocol ─> calls ─> connection ─> inbox, phases, frames, header_memo, streams, intake, outlet, budgets
                        ├──> fast_path      (whole requests in one read: the usual case, without the layers)
                        └──> methods        (ours: the check, and gRPC's health service)
```
"""
