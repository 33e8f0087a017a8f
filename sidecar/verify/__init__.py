"""Checking signatures. Knows keys and bytes; nothing of requests, claims or policy."""
