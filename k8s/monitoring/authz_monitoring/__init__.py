"""Dashboards for Grafana, rules for Prometheus and where it scrapes: made from small data, so that all of it agrees.

    overview, denials, pod, keys (dashboards/) ──> panel, board ──> dashboards/*.json   (Grafana's classic model)
    recording, alerts/ ──> rule ──┬──> rules.yaml            (for promtool, and Prometheus without its operator)
                                  └──> prometheusrule.yaml   (the same groups, for the operator)

``python -m authz_monitoring`` writes the files; a test holds the committed ones against what it would write. No panel
needs a recording rule: a dashboard works where the rules are not installed.
"""
