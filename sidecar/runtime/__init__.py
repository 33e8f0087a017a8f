"""Processes of the running sidecar."""
