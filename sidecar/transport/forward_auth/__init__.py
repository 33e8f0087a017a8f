"""The front for proxies that ask over HTTP: nginx (auth_request), Traefik (ForwardAuth), Envoy (http_service).

    proxy ─ HTTP/1.1 ─> connection ─> asked ─ CheckRequest ─> engine ─ CheckResponse ─> told ─> connection ─> proxy

Rules of this room:

1. The core is asked the very question that Envoy asks by gRPC; nothing is decided here. What cannot be made a question
   of is asked as an empty one, which the core refuses (``unreadable_request``): each denial is the engine's own, is
   counted, and is logged.
2. Nothing is guessed. What the proxy says of a request is said once, in headers that a preset names (``profile``);
   where one is missing the request is denied, and where one is there twice, or contradicted under another preset's
   name, it was the client who sent that (``header_not_allowed``).
3. Only what the protocol can carry is answered (``told``). What it cannot is refused when the configuration is loaded
   (``loading.forward_auth``), or, where it depends on the request, denied.
4. Whoever may connect is believed: it listens on loopback and Unix sockets alone.
"""
