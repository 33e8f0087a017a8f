"""What is told of the sidecar to those who run it.

``series`` is the one place that says what is counted, with ``hook_series`` and its like for one room each; who counts
for a room is its meter. What is counted becomes families in ``counted``, what is known otherwise in ``children`` and
``facts``; ``exposition`` writes all of them in Prometheus' text format. ``health`` makes conditions for Kubernetes'
probes. ``masking`` takes secrets out of what is shown.
"""
