"""Traces of checks: which trace a check belongs to, and spans for it where a configuration asks for them."""
