"""Asking issuers about opaque tokens (RFC 7662), and Kubernetes about those of service accounts.

``introspector`` takes needs and gives answers, one question a token at a time; ``endpoint`` puts one question, behind a
``breaker``; ``client_auth`` says who asks; ``session`` is the connection pool, and what may be connected to.
"""
