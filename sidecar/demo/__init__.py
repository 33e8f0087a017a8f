"""The demonstration: real Envoy, the sidecar, an upstream that echoes, and a tour of requests through them.

The end-to-end tests run the same stack, so that what a user is shown is what is tested.
"""
