"""``python -m sidecar``."""

from sidecar.cli.main import main

main()
