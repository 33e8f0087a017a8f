"""Write dashboards and rules: ``python -m authz_monitoring [--docs BASE] [--out FOLDER]``."""

import argparse
from pathlib import Path

from authz_monitoring.files import files


def main() -> None:
    """Write all files."""
    parser = argparse.ArgumentParser(prog="authz_monitoring", description=__doc__)
    parser.add_argument(
        "--docs",
        default="docs",
        help="where the documentation is, for links: https://git.example/authz/docs",
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1], help="default: k8s/monitoring")
    given = parser.parse_args()
    for path, text in files(given.docs.rstrip("/")).items():
        target = given.out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
