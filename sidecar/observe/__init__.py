"""What is told of the sidecar to those who run it.

``series`` is the one place that says what is counted; ``exposition`` turns it into Prometheus' text format, ``health``
into conditions for Kubernetes' probes. ``masking`` takes secrets out of what is shown.
"""
