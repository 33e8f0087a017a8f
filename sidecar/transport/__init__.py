"""Fronts that take checks from Envoy."""
