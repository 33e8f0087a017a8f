"""Pictures of the dashboards: what Prometheus answers their queries, after minutes of a sidecar's life in fast motion.

Not Grafana's own drawing, which takes a Grafana; its layout, titles, units and colours, by matplotlib.
"""
